"""Batch files: requests handed out as files, for half the price or for machines without a network, and read back."""
