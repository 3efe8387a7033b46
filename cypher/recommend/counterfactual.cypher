// What would leave a user's list, and what would come in, if one interaction were gone: by the similar items of the
// active run. An approximation that needs no model: an item's score is taken to hang on the items of the history
// that the run holds it similar to, on each by its share of the similarity, and what hangs on the one that is gone
// is taken off. An item that leans on nothing of the history keeps its score. `spikegraph explain --run` asks the model.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param without => 'demo/movie/blade-runner-1982';
:param k => 10;
:param history => 500;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run.id AS active ORDER BY run.activation DESC LIMIT 1
MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
MATCH (user)-[:INTERACTED]->(gone:Item {key: $without})
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  WITH seen, liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT $history
  RETURN collect(liked) AS history
}
MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run = active AND NOT item IN history
WITH active, history + [gone] AS history, gone, listed, item ORDER BY listed.rank LIMIT 1000
CALL (active, history, gone, item) {
  MATCH (item)-[similar:SIMILAR_TO]->(liked:Item) WHERE similar.run = active AND liked IN history AND similar.score > 0
  WITH sum(CASE WHEN liked = gone THEN similar.score ELSE 0.0 END) AS lost, sum(similar.score) AS total
  RETURN CASE WHEN total > 0 THEN lost / total ELSE 0.0 END AS share
}
WITH listed, item, share, listed.score - abs(listed.score) * share AS score_without
ORDER BY score_without DESC, listed.rank
WITH collect({listed: listed, item: item, share: share, score_without: score_without}) AS entries
UNWIND range(0, size(entries) - 1) AS place
WITH entries[place] AS entry, place + 1 AS rank_without
WITH entry, rank_without, CASE WHEN entry.listed.rank <= $k AND rank_without > $k THEN 'leaves'
                               WHEN entry.listed.rank > $k AND rank_without <= $k THEN 'comes in'
                               ELSE 'stays' END AS change
WHERE entry.listed.rank <= $k OR change = 'comes in'
RETURN entry.listed.rank AS rank, entry.item.key AS item, entry.item.name AS name, entry.listed.score AS score,
       round(entry.share, 4) AS share, entry.score_without AS score_without, rank_without, change
ORDER BY rank;
