// What answers at this address: the version and edition of the server.
// kind: read
// work: query

CALL dbms.components() YIELD name, versions, edition
WHERE name STARTS WITH 'Neo4j Kernel'
RETURN versions[0] AS version, edition;
