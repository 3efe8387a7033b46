// Name each community of a run after its three most popular items in train.
// kind: write
// work: long
:param dataset => 'demo';
:param run => 'demo-gds-leiden';

MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
MATCH (item)-[:IN_COMMUNITY]->(community:Community) WHERE community.run = $run
WITH community, item, COUNT { (item)<-[:INTERACTED]-() } AS users
ORDER BY users DESC, item.idx
WITH community, collect(coalesce(item.name, item.key))[..3] AS names
SET community.name = reduce(text = '', name IN names | text + CASE WHEN text = '' THEN '' ELSE ', ' END + name)
RETURN count(community) AS named;
