"""The endpoint: names, wire formats and routes in front of the engines. `serve.py` makes a process of it."""
