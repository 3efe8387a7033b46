// The vector indexes with one of these labels.
// kind: read
// work: query
:param labels => ['EmbeddingDemo'];

SHOW VECTOR INDEXES YIELD name, labelsOrTypes
WHERE any(label IN labelsOrTypes WHERE label IN $labels)
RETURN name;
