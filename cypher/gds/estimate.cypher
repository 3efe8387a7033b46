// What a projection of so many nodes and relationships takes of the server's heap. Needs the plugin GDS.
// kind: read
// work: query
:param nodes => 100;
:param relationships => 1000;

CALL gds.graph.project.estimate('*', '*', {nodeCount: $nodes, relationshipCount: $relationships})
YIELD bytesMax, heapPercentageMax
RETURN bytesMax AS bytes, heapPercentageMax AS percent_of_heap;
