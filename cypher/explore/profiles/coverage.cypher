// How many nodes of each kind have a profile, how many of these a language model wrote, and how long they are.
// kind: read
// work: long
:param dataset => 'demo';

CALL () {
  MATCH (node:User) WHERE node.dataset = $dataset AND node.idx >= 0
  RETURN 'user' AS role, node
  UNION ALL
  MATCH (node:Entity) WHERE node.dataset = $dataset AND node.idx >= 0
  RETURN CASE WHEN node:Item THEN 'item' ELSE 'entity' END AS role, node
}
RETURN role, count(*) AS nodes, count(node.profile) AS profiles,
       count(CASE WHEN node.profile_is_llm THEN 1 END) AS by_language_model,
       min(size(node.profile)) AS shortest, toInteger(avg(size(node.profile))) AS mean_characters,
       max(size(node.profile)) AS longest
ORDER BY role LIMIT 3;
