// Write the vectors of a batch of items as nodes of their own, under the label of the run and kind.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';
:param label => 'EmbeddingDemo';
:param rows => [{key: 'demo/movie/alien-1979', vector: [0.6, 0.8]}];

UNWIND $rows AS row
MATCH (node:Item {key: row.key})
CREATE (node)-[:HAS_EMBEDDING]->(embedding:Embedding {run: $run, kind: 'item', dataset: $dataset})
SET embedding:$($label)
WITH embedding, row
CALL db.create.setNodeVectorProperty(embedding, 'vector', row.vector)
RETURN count(*) AS written;
