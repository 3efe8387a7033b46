// How many lists, similarities and vectors hang on the nodes of a data set, whatever their run. Each node knows its
// number for every type, so no relationship is read: what a write-back added is the difference.
// kind: read
// work: long
:param dataset => 'demo';

CALL () {
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
  RETURN sum(COUNT { (user)-[:RECOMMENDED]->() }) AS recommended,
         sum(COUNT { (user)-[:SIMILAR_TO]->() }) AS similar_users,
         sum(COUNT { (user)-[:HAS_EMBEDDING]->() }) AS user_embeddings
}
CALL () {
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0
  RETURN sum(COUNT { (item)-[:SIMILAR_TO]->() }) AS similar_items,
         sum(COUNT { (item)-[:HAS_EMBEDDING]->() }) AS item_embeddings
}
RETURN recommended, similar_items, similar_users, user_embeddings + item_embeddings AS embeddings;
