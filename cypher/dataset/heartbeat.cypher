// Say that the holder of a data set's lock is alive; no record means that it holds the lock no more.
// kind: write
// work: query
:param dataset => 'lastfm';
:param token => '5f2b';

MATCH (d:Dataset {name: $dataset, lock_token: $token})
SET d.lock_at = timestamp()
RETURN d.lock_at AS at;
