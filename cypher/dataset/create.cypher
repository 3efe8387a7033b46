// Make sure that the node of a data set exists, so that there is something to lock.
// kind: write
// work: query
:param dataset => 'lastfm';

MERGE (d:Dataset {name: $dataset})
ON CREATE SET d.state = 'ingesting', d.version = 0;
