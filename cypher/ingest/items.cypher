// Write a batch of items of one type: entities that can be recommended.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param label => 'LastFm';
:param type => 'Artist';
:param rows => [{key: 'lastfm/artist/51', idx: 0, name: 'Duran Duran', plot: 'A text.'}];

UNWIND $rows AS row
CREATE (n:Entity:Item:$($type):$($label) {dataset: $dataset})
SET n += row;
