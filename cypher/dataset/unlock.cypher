// Give the lock of a data set back; the version goes up where something was written.
// kind: write
// work: query
:param dataset => 'lastfm';
:param token => '5f2b';
:param steps => 1;

MATCH (d:Dataset {name: $dataset, lock_token: $token})
SET d.version = d.version + $steps
REMOVE d.lock_token, d.lock_owner, d.lock_at, d.lock_asked_at, d.lock_host, d.lock_pid, d.lock_started
RETURN d.version AS version;
