// Which migrations of the schema this graph has had.
// kind: read
// work: query

MATCH (m:Migration)
RETURN m.version AS version, m.name AS name, m.checksum AS checksum
ORDER BY version;
