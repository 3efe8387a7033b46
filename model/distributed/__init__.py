"""Training and evaluating with several processes."""
