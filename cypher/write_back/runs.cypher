// The runs of a data set, the active one first, then those a rollback would take.
// kind: read
// work: query
:param dataset => 'demo';

MATCH (run:Run) WHERE run.dataset = $dataset
RETURN properties(run) AS run
ORDER BY coalesce(run.activation, 0) DESC, run.made_at DESC, run.id;
