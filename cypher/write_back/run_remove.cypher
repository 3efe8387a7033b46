// Remove the node of a run whose parts are gone.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';

MATCH (run:Run {id: $run}) WHERE run.dataset = $dataset AND run.state = 'removing'
DETACH DELETE run;
