// What is in this graph: every data set with its counts, its active run and how that one was measured.
// kind: read
// work: query

MATCH (dataset:Dataset)
CALL (dataset) {
  OPTIONAL MATCH (run:Run) WHERE run.dataset = dataset.name AND run.activation > 0
  RETURN run ORDER BY run.activation DESC LIMIT 1
}
RETURN dataset.name AS dataset, dataset.source AS source, dataset.state AS state, dataset.version AS version,
       dataset.users AS users, dataset.items AS items, dataset.entities AS entities, dataset.triples AS triples,
       dataset.train AS train, dataset.valid AS valid, dataset.test AS test,
       run.id AS active_run, run.model AS model, run.protocol AS protocol
ORDER BY dataset LIMIT 100;
