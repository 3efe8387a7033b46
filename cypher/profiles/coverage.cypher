// How many nodes of each kind a data set has, and how many of them carry a profile of one run.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param profile_run => 'lastfm/template/0a1b2c3d4e5f';

CALL () {
  MATCH (e:Entity)
  WHERE e.dataset = $dataset AND e.idx >= 0
  RETURN CASE WHEN e:Item THEN 'item' ELSE 'entity' END AS kind,
         count(*) AS nodes, count(CASE WHEN e.profile_run = $profile_run THEN 1 END) AS profiles
  UNION ALL
  MATCH (u:User)
  WHERE u.dataset = $dataset AND u.idx >= 0
  RETURN 'user' AS kind,
         count(*) AS nodes, count(CASE WHEN u.profile_run = $profile_run THEN 1 END) AS profiles
}
RETURN kind, nodes, profiles;
