// Take a run out of service before its parts are removed: from here on no reader and no rollback takes it.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (run:Run {id: $run}) WHERE run.dataset = $dataset
OPTIONAL MATCH (:Dataset {name: $dataset})-[active:ACTIVE_RUN]->(run)
WITH run, active WHERE active IS NULL
SET run.state = 'removing'
REMOVE run.activation
RETURN count(run) AS changed;
