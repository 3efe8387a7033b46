"""Neo4j Graph Data Science as an optional adapter: projections, similarities, communities, ranks, samples."""
