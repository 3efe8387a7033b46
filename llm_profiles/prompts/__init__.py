"""Prompts: versioned texts with domain words as variables, and how a context is rendered into one."""
