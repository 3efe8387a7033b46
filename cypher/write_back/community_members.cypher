// Write members of a run's communities: [idx, number of the community] each.
// kind: write
// work: batch
:param dataset => 'demo';
:param run => 'demo-gds-leiden';
:param users => [[0, 0]];
:param entities => [[0, 0]];

MATCH (:Run {id: $run})-[:HAS_COMMUNITY]->(community:Community)
WITH community ORDER BY community.number
WITH collect(community) AS communities
CALL (communities) {
  UNWIND $users AS row
  MATCH (node:User {dataset: $dataset, idx: row[0]})
  RETURN node, communities[row[1]] AS community
  UNION ALL
  UNWIND $entities AS row
  MATCH (node:Entity {dataset: $dataset, idx: row[0]})
  RETURN node, communities[row[1]] AS community
}
CREATE (node)-[:IN_COMMUNITY {run: $run}]->(community)
RETURN count(*) AS written;
