"""memsrv: the memory of coding agents, from the line an agent logs to the answer an adapter gives."""

__version__ = "0.1.0"
