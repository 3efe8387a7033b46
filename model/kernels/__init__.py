"""Sparse products, draws and loops that the models share; nothing in here knows a model."""
