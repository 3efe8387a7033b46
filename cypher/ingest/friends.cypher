// Write a batch of friends, grouped by one of the two users; a pair is written once, in one direction.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param rows => [{user: 0, rows: [{friend: 3}]}];

UNWIND $rows AS group
MATCH (user:User {dataset: $dataset, idx: group.user})
UNWIND group.rows AS row
MATCH (friend:User {dataset: $dataset, idx: row.friend})
CREATE (user)-[:FRIEND_OF]->(friend);
