"""Embeddings of profile texts: one module each."""
