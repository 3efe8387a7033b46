// Every data set of this graph: what it is, how much it holds, in which state it is.
// kind: read
// work: query

MATCH (d:Dataset)
OPTIONAL MATCH (d)-[:ACTIVE_RUN]->(run:Run)
RETURN properties(d) AS dataset, run.id AS active_run, (timestamp() - d.lock_at) / 1000.0 AS lock_age
ORDER BY d.name;
