"""Profiles: texts written onto the nodes of the graph, and their vectors."""
