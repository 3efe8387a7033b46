"""SPiKE, its peers and baselines; training and evaluation. Tensors and snapshots only."""
