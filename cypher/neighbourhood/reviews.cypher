// Reviews of a few items, the latest first where times are known, ties by the user's key. The part that is held out
// for validation is read where it may be; the test part cannot be.
// kind: read
// work: batch
:param keys => ['demo/movie/alien-1979'];
:param validation => false;
:param limit => 3;
:param characters => 300;
:param hub => 10000;

UNWIND $keys AS key
MATCH (item:Item {key: key})
RETURN key,
       COLLECT {
         CALL (item) {
           MATCH (item)<-[seen:INTERACTED]-(user:User)
           RETURN seen, user LIMIT $hub
           UNION ALL
           WITH item WHERE $validation
           MATCH (item)<-[seen:HELD_OUT]-(user:User)
           WHERE seen.split = 'valid'
           RETURN seen, user LIMIT $hub
         }
         WITH seen, user WHERE seen.review IS NOT NULL
         ORDER BY seen.at IS NULL, seen.at DESC, user.key
         LIMIT $limit
         RETURN left(toString(seen.review), $characters)
       } AS reviews;
