// How many train users each item has, as a property with an index that gives the most popular first.
// Graphs written before are counted here; `ingest/count_train_users` counts those written later.
// kind: schema
// work: long

CREATE INDEX item_dataset_train_users IF NOT EXISTS FOR (n:Item) ON (n.dataset, n.train_users);
MATCH (dataset:Dataset)
MATCH (item:Entity) WHERE item.dataset = dataset.name AND item.idx >= 0 AND item:Item AND item.train_users IS NULL
SET item.train_users = COUNT { (item)<-[:INTERACTED]-() };
