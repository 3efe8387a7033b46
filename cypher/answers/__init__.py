"""The graph's answers: what to recommend, what is similar, and why."""
