"""The command line: thin over `spikegraph.api`; one module a group of commands."""
