// What of a run stands in the graph: its lists, similarities and vectors, counted by walking the data set.
// kind: read
// work: long
:param dataset => 'demo';
:param run => 'demo-run';

CALL () {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  MATCH (user)-[list:RECOMMENDED]->() WHERE list.run = $run
  RETURN count(list) AS recommended
}
CALL () {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  MATCH (user)-[pair:SIMILAR_TO]->() WHERE pair.run = $run
  RETURN count(pair) AS similar_users
}
CALL () {
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0
  MATCH (item)-[pair:SIMILAR_TO]->() WHERE pair.run = $run
  RETURN count(pair) AS similar_items
}
CALL () {
  MATCH (node:User|Entity) WHERE node.dataset = $dataset AND node.idx >= 0
  MATCH (node)-[:HAS_EMBEDDING]->(embedding:Embedding) WHERE embedding.run = $run
  RETURN count(embedding) AS embeddings
}
RETURN recommended, similar_items, similar_users, embeddings;
