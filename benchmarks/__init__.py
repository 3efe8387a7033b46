"""Measured claims: each benchmark prints a table of what is ours, what is the rival's, and the ratio."""
