// Write a batch of train interactions, grouped by their user so that each user is looked up once.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param rows => [{user: 0, rows: [{item: 3, rating: 4.0, count: 12, at: 1289241911, review: 'Great.'}]}];

UNWIND $rows AS group
MATCH (user:User {dataset: $dataset, idx: group.user})
UNWIND group.rows AS row
MATCH (item:Entity {dataset: $dataset, idx: row.item})
CREATE (user)-[:INTERACTED {rating: row.rating, count: row.count, at: row.at, review: row.review}]->(item);
