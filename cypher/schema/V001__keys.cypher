// The keys of the graph. Each is unique, and each constraint brings the index that serves it:
// `key` for a node named by a person, `(dataset, idx)` for reading a data set range by range.
// kind: schema
// work: long

CREATE CONSTRAINT user_key IF NOT EXISTS FOR (n:User) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT entity_key IF NOT EXISTS FOR (n:Entity) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT item_key IF NOT EXISTS FOR (n:Item) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT user_dataset_idx IF NOT EXISTS FOR (n:User) REQUIRE (n.dataset, n.idx) IS UNIQUE;
CREATE CONSTRAINT entity_dataset_idx IF NOT EXISTS FOR (n:Entity) REQUIRE (n.dataset, n.idx) IS UNIQUE;
CREATE CONSTRAINT dataset_name IF NOT EXISTS FOR (n:Dataset) REQUIRE n.name IS UNIQUE;
CREATE CONSTRAINT relation_dataset_type IF NOT EXISTS FOR (n:Relation) REQUIRE (n.dataset, n.type) IS UNIQUE;
CREATE CONSTRAINT run_id IF NOT EXISTS FOR (n:Run) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT profile_run_id IF NOT EXISTS FOR (n:ProfileRun) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT migration_version IF NOT EXISTS FOR (n:Migration) REQUIRE n.version IS UNIQUE;
