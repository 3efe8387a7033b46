// Make a complete run the active one. Readers take the complete run with the highest `activation`, which is
// one property of one node and so switches at once; ACTIVE_RUN says the same for people.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (dataset:Dataset {name: $dataset})
MATCH (run:Run {id: $run}) WHERE run.dataset = $dataset AND run.state = 'complete'
SET dataset.activations = coalesce(dataset.activations, 0) + 1
SET run.activation = dataset.activations, run.activated_at = datetime()
WITH dataset, run
OPTIONAL MATCH (dataset)-[active:ACTIVE_RUN]->(:Run)
DELETE active
WITH DISTINCT dataset, run
CREATE (dataset)-[:ACTIVE_RUN]->(run)
RETURN run.id AS run, run.activation AS activation;
