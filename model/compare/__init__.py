"""Comparing run folders: seeds, paired tests, groups of users and items, what lists are like, and a report."""
