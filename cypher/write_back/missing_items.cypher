// Which of these items the graph does not hold (any more).
// kind: read
// work: batch
:param keys => ['demo/movie/alien-1979'];

UNWIND $keys AS key
OPTIONAL MATCH (item:Item {key: key})
WITH key, item WHERE item IS NULL
RETURN key LIMIT 5;
