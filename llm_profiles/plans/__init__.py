"""Plans: how much of a neighbourhood is read, per type of node."""
