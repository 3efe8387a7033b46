"""A rendering of SPiKE's released training step, in words of our own: rival of the timings, oracle of the tests.

It computes what the release computes, in the order and at the cost it does: gathers and projections per edge,
three evaluations of the profile networks, sampled matching by k × k matrices, a Python loop over relations and one
over negatives. Nothing in it is sped up, and nothing in the product uses it.
"""
