// Whether the server has a function, by its full name: the Graph Data Science plugin brings gds.version.
// kind: read
// work: query
:param function => 'gds.version';

SHOW FUNCTIONS YIELD name WHERE name = $function
RETURN count(*) > 0 AS available;
