// Forget which profile set is active, before another one is written.
// kind: write
// work: query
:param dataset => 'lastfm';

MATCH (:Dataset {name: $dataset})-[:HAS_PROFILE_RUN]->(run:ProfileRun)
DETACH DELETE run;
