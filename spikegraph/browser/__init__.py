"""Neo4j Browser and pictures: a guide through a data set, one style, favourites, and a small server for them."""
