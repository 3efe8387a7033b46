// Declare a run complete: all of it stands in the graph as counted.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-run';
:param counts => {recommended: 0, similar_items: 0, similar_users: 0, embeddings: 0};

MATCH (run:Run {id: $run}) WHERE run.dataset = $dataset AND run.state = 'writing'
SET run += $counts, run.state = 'complete', run.completed_at = datetime()
RETURN count(run) AS changed;
