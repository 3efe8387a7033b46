// Declare a data set complete: all of it stands in the graph as counted.
// kind: write
// work: query
:param dataset => 'lastfm';
:param counts => {users: 1, items: 1, entities: 2, triples: 1, train: 1, valid: 0, test: 0};

MATCH (d:Dataset {name: $dataset})
SET d += $counts, d.state = 'ready', d.ingested_at = datetime();
