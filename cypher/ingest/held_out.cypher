// Write a batch of validation and test interactions, grouped by their user. They have a type of
// their own, so that a forgotten WHERE cannot leak them.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param rows => [{user: 0, rows: [{item: 3, split: 'test', rating: 4.0, count: 12, at: 1289241911, review: 'Great.'}]}];

UNWIND $rows AS group
MATCH (user:User {dataset: $dataset, idx: group.user})
UNWIND group.rows AS row
MATCH (item:Entity {dataset: $dataset, idx: row.item})
CREATE (user)-[:HELD_OUT {split: row.split, rating: row.rating, count: row.count, at: row.at, review: row.review}]->(item);
