"""A consolidation: a function from run folder to run folder. It never sees the database."""
