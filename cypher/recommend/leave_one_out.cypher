// How much of an item's score hangs on each item of a user's history: by the similar items of the active run, the
// share of the similarity that would be gone, and the rank that the item would have then, each of the list's items
// being scored again (see recommend/counterfactual for what is taken for granted). Items of the history that the
// run does not hold similar are not named: nothing of the score is known to hang on them.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param item => 'demo/movie/alien-1979';
:param k => 10;
:param history => 500;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run.id AS active ORDER BY run.activation DESC LIMIT 1
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (item:Item {key: $item}) WHERE item.dataset = $dataset
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  WITH seen, liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT $history
  RETURN collect(liked) AS history
}
CALL (active, history, item) {
  MATCH (item)-[similar:SIMILAR_TO]->(liked:Item) WHERE similar.run = active AND liked IN history AND similar.score > 0
  WITH collect({liked: liked, score: similar.score}) AS links, sum(similar.score) AS total
  RETURN [link IN links | {liked: link.liked, share: link.score / total}] AS shares
}
CALL (user, active, history, item) {
  MATCH (user)-[listed:RECOMMENDED]->(other:Item) WHERE listed.run = active AND NOT other IN history
  WITH active, history, item, listed, other ORDER BY listed.rank LIMIT 1000
  CALL (active, history, other) {
    MATCH (other)-[similar:SIMILAR_TO]->(liked:Item)
    WHERE similar.run = active AND liked IN history AND similar.score > 0
    WITH collect({liked: liked, score: similar.score}) AS links, sum(similar.score) AS total
    RETURN [link IN links | {liked: link.liked, share: link.score / total}] AS leans
  }
  RETURN collect({item: other, rank: listed.rank, score: listed.score, leans: leans}) AS list
}
WITH item, shares, list, [entry IN list WHERE entry.item = item][0] AS own
UNWIND shares AS share
WITH item, share, list, own, own.score - abs(own.score) * share.share AS score_without
WITH share, own, score_without, size([other IN list WHERE other.item <> item AND other.score - abs(other.score) *
       coalesce([lean IN other.leans WHERE lean.liked = share.liked | lean.share][0], 0.0) > score_without]) AS above
RETURN share.liked.key AS liked, share.liked.name AS name, round(share.share, 4) AS share, own.rank AS rank,
       score_without, CASE WHEN own IS NOT NULL THEN above + 1 END AS rank_without
ORDER BY share DESC, liked LIMIT $k;
