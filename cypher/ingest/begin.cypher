// Mark a data set as being written, before its first node is: whoever finds this state later knows
// that the ingest was interrupted. A count that other content may not have goes.
// kind: write
// work: query
:param dataset => 'lastfm';
:param properties => {label: 'LastFm', source: 'lastfm-llm', sha256: 'e3b0c442'};

MATCH (d:Dataset {name: $dataset})
SET d.state = 'ingesting', d.friends = null, d += $properties;
