// Record that a migration of the schema was applied.
// kind: write
// work: query
:param version => 'V001';
:param name => 'schema/V001__keys';
:param checksum => 'e3b0c442';

MERGE (m:Migration {version: $version})
ON CREATE SET m.name = $name, m.checksum = $checksum, m.applied_at = datetime();
