// Projections that stand in the server's memory, by the beginning of their names. Needs the plugin GDS.
// kind: read
// work: query
:param prefix => 'spikegraph ';

CALL gds.graph.list() YIELD graphName
WITH graphName WHERE graphName STARTS WITH $prefix
RETURN graphName AS graph ORDER BY graph LIMIT 1000;
