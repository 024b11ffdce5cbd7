"""A context as an agent is given it, and what it lacks."""

from memsrv.tables.cells import Json, cut
from memsrv.terminal import say, table


def context(result: Json) -> None:
    say(result["text"])
    sizes = [(block["name"], len(block["items"]), block["tokens"], block["budget"]) for block in result["blocks"]]
    table(("block", "items", "tokens", "of"), sizes, f"\n{result['tokens']} of {result['budget']} tokens")
    if lacking := result["left_out"]:
        rows = [(one["block"], one["id"] or "", one["why"], cut(one["text"], 60)) for one in lacking]
        table(("block", "id", "why", "text"), rows, "\nleft out")


def long_term(result: Json) -> None:
    say(result["text"])
    say(f"\n{result['tokens']} of {result['budget']} tokens")
    if lacking := result["left_out"]:
        rows = [(", ".join(one["ids"]), one["why"], cut(one["text"], 60)) for one in lacking]
        table(("id", "why", "text"), rows, "\nleft out")
