// Write the most similar items of a batch of items: each end node is looked up once.
// kind: write
// work: batch
:param run => 'demo-run';
:param ends => ['demo/movie/alien-1979'];
:param rows => [{start: 'demo/movie/alien-1979', ends: [0], scores: [0.9]}];

UNWIND range(0, size($ends) - 1) AS position
MATCH (end:Item {key: $ends[position]})
WITH end, position ORDER BY position
WITH collect(end) AS ends WHERE size(ends) = size($ends)
UNWIND $rows AS row
MATCH (start:Item {key: row.start})
UNWIND range(0, size(row.ends) - 1) AS place
WITH start, ends[row.ends[place]] AS end, row.scores[place] AS score, place + 1 AS rank
CREATE (start)-[:SIMILAR_TO {run: $run, score: score, rank: rank}]->(end)
RETURN count(*) AS written;
