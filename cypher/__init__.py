"""Every statement sent to the database, and the thin store that runs them."""
