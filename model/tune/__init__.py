"""The search for a model's options, on the validation part alone."""
