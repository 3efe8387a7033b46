// Remove the node of a data set whose parts are gone.
// kind: write
// work: query
:param dataset => 'lastfm';

MATCH (d:Dataset {name: $dataset})
DETACH DELETE d;
