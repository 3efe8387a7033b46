// Which of these users the graph does not hold (any more).
// kind: read
// work: batch
:param keys => ['demo/user/101'];

UNWIND $keys AS key
OPTIONAL MATCH (user:User {key: key})
WITH key, user WHERE user IS NULL
RETURN key LIMIT 5;
