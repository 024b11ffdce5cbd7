"""Adapter versions."""

from memsrv.tables.cells import Json
from memsrv.terminal import percent, say, table


def adapters(result: Json) -> None:
    if not result["versions"]:
        say(f"No adapter of {result['project']} yet; run `memsrv consolidate`.")
        return
    table(
        ("version", "state", "base", "parent", "facts", "recall", "created"),
        [
            (v["version"], v["state"], v["base"], v["parent"], v["facts"], percent(v["recall"]), v["created"])
            for v in result["versions"]
        ],
    )
