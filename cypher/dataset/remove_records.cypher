// Remove the records of a data set: its runs with their communities, profile runs and relations.
// kind: write
// work: batch
:param dataset => 'lastfm';

MATCH (:Dataset {name: $dataset})-[:HAS_RUN|HAS_PROFILE_RUN|HAS_RELATION]->(record)
OPTIONAL MATCH (record)-[:HAS_COMMUNITY]->(community)
DETACH DELETE community, record;
