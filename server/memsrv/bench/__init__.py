"""Figures beside their baselines, of the same run on the same machine. One bench a module; `memsrv bench NAME` runs it.

A bench measures what a user gets, with real files and real engines, and says what it did not measure and why.
"""
