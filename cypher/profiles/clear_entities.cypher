// Take profiles of other runs off the entities of a data set, a few thousand a transaction.
// kind: write
// work: long
:param dataset => 'lastfm';
:param profile_run => 'lastfm/template/0a1b2c3d4e5f';

MATCH (n:Entity)
WHERE n.dataset = $dataset AND n.idx >= 0 AND n.profile_run <> $profile_run
CALL (n) {
  REMOVE n.profile, n.profile_run, n.profile_is_llm, n.profile_hash
} IN TRANSACTIONS OF 5000 ROWS;
