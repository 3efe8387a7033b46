// One data set: what it is, how much it holds, in which state it is, and who writes to it now.
// kind: read
// work: query
:param dataset => 'lastfm';

MATCH (d:Dataset {name: $dataset})
OPTIONAL MATCH (d)-[:ACTIVE_RUN]->(run:Run)
RETURN properties(d) AS dataset, run.id AS active_run, (timestamp() - d.lock_at) / 1000.0 AS lock_age;
