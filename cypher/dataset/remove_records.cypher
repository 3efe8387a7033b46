// Remove the records of a data set: its runs, profile runs and relations.
// kind: write
// work: batch
:param dataset => 'lastfm';

MATCH (:Dataset {name: $dataset})-[:HAS_RUN|HAS_PROFILE_RUN|HAS_RELATION]->(record)
DETACH DELETE record;
