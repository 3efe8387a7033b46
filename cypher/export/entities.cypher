// The entities of a range of idx, as columns, with the labels that say what type of thing each is.
// The profile's hash is empty where the entity has no profile of this run.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;
:param other_labels => ['Entity', 'Item', 'LastFm'];
:param profile_run => 'lastfm/template/0a1b2c3d4e5f';

MATCH (e:Entity)
WHERE e.dataset = $dataset AND e.idx >= $first AND e.idx <= $last
RETURN collect(e.idx) AS idx, collect(e.key) AS key, collect(coalesce(toString(e.name), '')) AS name,
       collect(e:Item) AS is_item, collect([label IN labels(e) WHERE NOT label IN $other_labels]) AS labels,
       collect(CASE WHEN e.profile_run = $profile_run THEN coalesce(e.profile_hash, '') ELSE '' END) AS profile_hash;
