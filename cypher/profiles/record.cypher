// Record the profile set that is active now: its provenance, and how much it covers.
// kind: write
// work: query
:param dataset => 'lastfm';
:param profile_run => 'lastfm/template/0a1b2c3d4e5f';
:param properties => {dataset: 'lastfm', set: 'template', split_id: '0a1b', exposed_to: ['train']};

MATCH (d:Dataset {name: $dataset})
MERGE (run:ProfileRun {id: $profile_run})
SET run += $properties, run.activated_at = datetime()
MERGE (d)-[:HAS_PROFILE_RUN]->(run);
