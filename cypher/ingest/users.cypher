// Write a batch of users.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param label => 'LastFm';
:param rows => [{key: 'lastfm/user/2', idx: 0, name: 'user 2'}];

UNWIND $rows AS row
CREATE (n:User:$($label) {dataset: $dataset})
SET n += row;
