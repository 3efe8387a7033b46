// Write a batch of entities of one type that are not items.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param label => 'LastFm';
:param type => 'Genre';
:param rows => [{key: 'lastfm/dbpedia/New_wave', idx: 17632, name: 'New wave'}];

UNWIND $rows AS row
CREATE (n:Entity:$($type):$($label) {dataset: $dataset})
SET n += row;
