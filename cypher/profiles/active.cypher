// The profile set that is active on a data set: who wrote it, what it may have seen, how much it covers.
// kind: read
// work: query
:param dataset => 'lastfm';

MATCH (:Dataset {name: $dataset})-[:HAS_PROFILE_RUN]->(run:ProfileRun)
RETURN run {.*, activated_at: toString(run.activated_at)} AS run;
