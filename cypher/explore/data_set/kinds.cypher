// The kinds of node of a data set: what each is for, how many there are, and how many have a name and a profile.
// kind: read
// work: long
:param dataset => 'demo';

MATCH (dataset:Dataset {name: $dataset})
CALL () {
  MATCH (node:User) WHERE node.dataset = $dataset AND node.idx >= 0
  RETURN node
  UNION ALL
  MATCH (node:Entity) WHERE node.dataset = $dataset AND node.idx >= 0
  RETURN node
}
WITH CASE WHEN node:User THEN 'user' WHEN node:Item THEN 'item' ELSE 'entity' END AS role,
     [label IN labels(node) WHERE NOT label IN ['User', 'Entity', 'Item', dataset.label]][0] AS label, node
RETURN role, label, count(node) AS nodes, count(node.name) AS named, count(node.profile) AS profiles,
       min(coalesce(node.name, node.key)) AS example
ORDER BY nodes DESC, label LIMIT 100;
