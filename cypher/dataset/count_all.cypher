// How many nodes the graph holds, records of the schema's migrations not counted. The store keeps these counts.
// kind: read
// work: query

CALL () {
  MATCH (node)
  RETURN count(node) AS nodes
}
CALL () {
  MATCH (record:Migration)
  RETURN count(record) AS records
}
RETURN nodes - records AS nodes;
