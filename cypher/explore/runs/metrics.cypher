// The runs of a data set beside each other: state, protocol, seed and metrics; the active one first.
// kind: read
// work: query
:param dataset => 'demo';

MATCH (run:Run) WHERE run.dataset = $dataset
RETURN run.id AS run, run.model AS model, run.state AS state, run.activation AS activation, run.protocol AS protocol,
       run.seed AS seed, run.valid_recall_20 AS valid_recall_20, run.valid_ndcg_20 AS valid_ndcg_20,
       run.test_recall_20 AS test_recall_20, run.test_ndcg_20 AS test_ndcg_20,
       run.recommended AS recommended, run.split_id AS split_id, run.made_at AS made_at
ORDER BY coalesce(activation, 0) DESC, made_at DESC LIMIT 50;
