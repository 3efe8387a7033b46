// Put profiles of one run onto entities. A profile whose text is not known has a hash only.
// kind: write
// work: batch
:param rows => [{key: 'lastfm/artist/51', profile: 'Some words.', profile_is_llm: false, profile_hash: '0a1b'}];
:param profile_run => 'lastfm/template/0a1b2c3d4e5f';

UNWIND $rows AS row
MATCH (n:Entity {key: row.key})
SET n.profile = row.profile, n.profile_run = $profile_run,
    n.profile_is_llm = row.profile_is_llm, n.profile_hash = row.profile_hash;
