// Make the vector index of one run and kind, so that no other data set's neighbours come back.
// kind: schema
// work: long
// identifier: EmbeddingExample
:param name => 'embedding_example';
:param dimensions => 64;

CREATE VECTOR INDEX $name IF NOT EXISTS FOR (embedding:EmbeddingExample) ON (embedding.vector)
OPTIONS {indexConfig: {`vector.dimensions`: $dimensions, `vector.similarity_function`: 'cosine'}};
