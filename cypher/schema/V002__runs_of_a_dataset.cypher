// The runs of a data set are looked up with every answer; the property never changes, so a reader never misses one.
// kind: schema
// work: long

CREATE INDEX run_dataset IF NOT EXISTS FOR (n:Run) ON (n.dataset);
