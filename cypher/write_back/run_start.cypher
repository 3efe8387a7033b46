// Begin a run beside the one that is active: its node, in the state 'writing', which no reader looks at.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';
:param properties => {model: 'spike', seed: 0};

MATCH (dataset:Dataset {name: $dataset})
CREATE (run:Run {id: $run, dataset: $dataset, state: 'writing', made_at: datetime()})
SET run += $properties
CREATE (dataset)-[:HAS_RUN]->(run)
RETURN count(run) AS written;
