"""Calls of language models: requests, the ledger that books them, and what sends and checks them."""
