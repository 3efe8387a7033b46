// Write the vectors of a batch of users as nodes of their own, under the label of the run and kind.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';
:param label => 'EmbeddingDemo';
:param rows => [{key: 'demo/user/101', vector: [0.6, 0.8]}];

UNWIND $rows AS row
MATCH (node:User {key: row.key})
CREATE (node)-[:HAS_EMBEDDING]->(embedding:Embedding {run: $run, kind: 'user', dataset: $dataset})
SET embedding:$($label)
WITH embedding, row
CALL db.create.setNodeVectorProperty(embedding, 'vector', row.vector)
RETURN count(*) AS written;
