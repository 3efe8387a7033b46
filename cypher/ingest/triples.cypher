// Write a batch of triples of one relation, grouped by their head so that each head is looked up once.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param type => 'GENRE';
:param rows => [{head: 0, rows: [{tail: 17632}]}];

UNWIND $rows AS group
MATCH (head:Entity {dataset: $dataset, idx: group.head})
UNWIND group.rows AS row
MATCH (tail:Entity {dataset: $dataset, idx: row.tail})
CREATE (head)-[:$($type)]->(tail);
