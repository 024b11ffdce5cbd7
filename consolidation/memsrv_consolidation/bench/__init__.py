"""Benches of training, each in a process of its own: `python -I -m memsrv_consolidation.bench.<name> FOLDER`."""
