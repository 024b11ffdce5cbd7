"""Adapter versions on disk, and who serves them: the shelf, the engines, the endpoint."""
