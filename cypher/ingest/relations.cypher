// Write the vocabulary of a data set's knowledge graph: its relations in words.
// kind: write
// work: batch
:param dataset => 'lastfm';
:param rows => [{type: 'GENRE', name: 'genre', sentence: '{head} plays {tail}.', idx: 0}];

MATCH (d:Dataset {name: $dataset})
UNWIND $rows AS row
CREATE (d)-[:HAS_RELATION]->(r:Relation {dataset: $dataset})
SET r += row;
