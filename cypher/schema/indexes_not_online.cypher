// Indexes that cannot be used yet: still being filled, or failed.
// kind: read
// work: query

SHOW INDEXES YIELD name, state, populationPercent
WHERE state <> 'ONLINE'
RETURN name, state, populationPercent AS percent;
