// The relations of a data set's knowledge graph: what each says, how often it occurs (counted, up to a million
// entities), and between which kinds of node.
// kind: read
// work: long
:param dataset => 'demo';

MATCH (dataset:Dataset {name: $dataset})
MATCH (head:Entity) WHERE head.dataset = $dataset AND head.idx >= 0
WITH dataset, head LIMIT 1000000
MATCH (head)-[fact]->(tail:Entity) WHERE NOT fact:SIMILAR_TO
WITH type(fact) AS type, count(fact) AS facts, count(DISTINCT head) AS heads, count(DISTINCT tail) AS tails,
     collect(DISTINCT [label IN labels(head) WHERE NOT label IN ['Entity', 'Item', dataset.label]][0])[..5] AS from,
     collect(DISTINCT [label IN labels(tail) WHERE NOT label IN ['Entity', 'Item', dataset.label]][0])[..5] AS to
OPTIONAL MATCH (relation:Relation {dataset: $dataset, type: type})
RETURN type, relation.name AS name, facts, heads, tails, from, to
ORDER BY facts DESC, type LIMIT 200;
