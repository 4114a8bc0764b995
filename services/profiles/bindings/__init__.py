"""Which version of each profile a client runs, and what an edit would change for whom."""
