// The profiles that reasons by common phrases are looked for in: the item's, the user's, those of the user's items
// (train), and as many others of items as tell which phrases are common. Only what a language model wrote:
// a template's text says no more than the facts do.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param item => 'demo/movie/alien-1979';
:param history => 100;
:param others => 500;

MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  WITH seen, liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT $history
  WHERE liked.profile_is_llm
  RETURN collect({key: liked.key, name: liked.name, profile: liked.profile}) AS liked
}
CALL (item) {
  UNWIND CASE WHEN item.profile_is_llm THEN [item] ELSE [] END AS wanted
  MATCH (other:Entity) WHERE other.dataset = $dataset AND other.idx >= 0 AND other:Item AND other <> wanted
  WITH other ORDER BY other.idx LIMIT $others
  WHERE other.profile_is_llm
  RETURN collect(other.profile) AS others
}
RETURN item.name AS name, CASE WHEN item.profile_is_llm THEN item.profile END AS profile,
       CASE WHEN user.profile_is_llm THEN user.profile END AS user_profile, liked, others;
