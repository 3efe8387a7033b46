// Take the lock of a data set if it is free: nobody holds it, its holder has been silent for too
// long, or its holder is known to be dead. The first SET takes the node's own lock, so what is read
// after it cannot change until this is committed. A lock taken over counts as a write.
// kind: write
// work: query
:param dataset => 'lastfm';
:param token => '5f2b';
:param owner => 'ingest';
:param host => 'localhost';
:param pid => 4711;
:param started => 1763719200.0;
:param stale_seconds => 600;
:param dead_token => null;

MATCH (d:Dataset {name: $dataset})
SET d.lock_asked_at = timestamp()
WITH d, d.lock_token AS holder, d.lock_owner AS owner, (timestamp() - d.lock_at) / 1000.0 AS age,
     d.lock_host AS host, d.lock_pid AS pid, d.lock_started AS started
WITH *, holder IS NULL OR holder = $token OR age > $stale_seconds OR coalesce(holder = $dead_token, false) AS free
FOREACH (_ IN CASE WHEN free THEN [1] ELSE [] END |
  SET d.version = d.version + CASE WHEN holder IS NULL OR holder = $token THEN 0 ELSE 1 END,
      d.lock_token = $token, d.lock_owner = $owner, d.lock_at = timestamp(),
      d.lock_host = $host, d.lock_pid = $pid, d.lock_started = $started)
RETURN free AS taken, holder, owner, age, host, pid, started;
