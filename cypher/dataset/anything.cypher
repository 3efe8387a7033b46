// Any one node that is not the record of a schema's migration: none where the graph is empty.
// kind: read
// work: query

MATCH (n) WHERE NOT n:Migration
RETURN labels(n) AS labels
LIMIT 1;
