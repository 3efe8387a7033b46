// The users of a range of idx, as columns. The profile's hash is empty where the user has no profile of this run.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;
:param profile_run => 'lastfm/template/0a1b2c3d4e5f';

MATCH (u:User)
WHERE u.dataset = $dataset AND u.idx >= $first AND u.idx <= $last
RETURN collect(u.idx) AS idx, collect(u.key) AS key, collect(coalesce(toString(u.name), '')) AS name,
       collect(CASE WHEN u.profile_run = $profile_run THEN coalesce(u.profile_hash, '') ELSE '' END) AS profile_hash;
