"""The quality report of a profile set: what can be said about its texts without a person reading them."""
