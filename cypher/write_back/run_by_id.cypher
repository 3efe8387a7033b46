// A run by its id, whichever data set it belongs to.
// kind: read
// work: query
:param run => 'demo-run';

MATCH (run:Run {id: $run})
RETURN run.dataset AS dataset, run.state AS state, run.results_hash AS results_hash;
