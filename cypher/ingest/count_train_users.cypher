// Count each item's train users into a property, which an index orders: so the most popular items are found at once.
// To be run again after interactions were added to a data set by other means than an ingest.
// kind: write
// work: long
:param dataset => 'demo';

MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
CALL (item) {
  SET item.train_users = COUNT { (item)<-[:INTERACTED]-() }
} IN TRANSACTIONS OF 5000 ROWS;
