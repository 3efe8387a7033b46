"""Agents: the few nodes that a language model explores by itself, with the same bounded reads."""
