"""The bridge between graph and tensors, both ways."""
