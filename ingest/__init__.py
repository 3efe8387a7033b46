"""Sources become validated tables, a split, and a graph."""
