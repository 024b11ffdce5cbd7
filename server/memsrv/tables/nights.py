"""Results of the night: what a look decided, the timer, and what a consolidation would do."""

from memsrv.plurals import counted
from memsrv.tables.cells import Json, counts, duration, joined, size
from memsrv.tables.reviewing import facts
from memsrv.terminal import details, note, say, table


def looked(result: Json) -> None:
    if not result["projects"]:
        say("No project may be trained on yet; `memsrv consolidate` asks for it.")
        return
    _decided([(p["project"], p["decision"], joined(p["reason"], p.get("outcome"))) for p in result["projects"]])


def night(result: Json) -> None:
    clock, last = result["timer"], result["last"]
    state = "installed" if clock["installed"] else "not installed; run `memsrv night install`"
    if clock["installed"] and not clock["current"]:
        state = "installed otherwise than it would be now; run `memsrv night install` again"
    details(
        {
            clock["timer"]: state,
            "files": ", ".join(clock["files"]) or None,
            "next look": clock["next"] or (f"within {result['every_minutes']} minutes" if clock["installed"] else None),
            "hours": result["hours"],
            "last look": last["time"] if last else "never",
        }
    )
    if last:
        looked(last)
    if result["now"]:
        say("Now it would:")
        _decided([(d["project"], d["deed"], d["reason"]) for d in result["now"]])


def timer_written(result: Json) -> None:
    """The files, whether they are written or only shown."""
    for path, text in result["files"].items():
        say(f"{path}:\n{text}" if result["changed"] else f"{path} is as it would be written.")
    if result["advice"]:
        note(result["advice"])


def timer_removed(result: Json) -> None:
    say("\n".join(f"Removed {path}" for path in result["files"]) or "There is no timer of memsrv's here.")


def plan(result: Json) -> None:
    facts(result)
    took, cost = result["seconds"], result["cost"]
    night, how, again = result["night"], result["built"], result["replayed"]
    details(
        {
            "to train on": joined(counted(result["trainable"], "fact"), counts(result["by_kind"])),
            "trust": counts(result["by_trust"]) or None,
            "built": f"on {how['parent']}" if how["parent"] else f"anew: {how['why']}" if how["why"] else None,
            "conversations": joined(str(result["conversations"]), f"{again} of old nights" if again else ""),
            "time": "not known yet"
            if took is None
            else f"about {took / 60:.0f} min"
            if took > 90
            else f"about {took:.0f} s",
            "cost": f"at most {cost['usd']:.2f} USD and {cost['tokens']} tokens, for {cost['teacher']}",
            "waiting for you": f"{result['waiting']}; see `memsrv facts --waiting`" if result["waiting"] else None,
            "consent": "given" if result["consent"] else "not given; `memsrv consolidate` asks for it",
            "the night would": f"{night['deed']}: {night['reason']}" if night else None,
        }
    )
    if result["expected"]:
        rows = [
            [
                one["machine"],
                duration(one["seconds"]),
                size(one["bytes"]),
                one["weights"],
                "" if one["fits"] else "does not fit",
            ]
            for one in result["expected"]
        ]
        table(("training, by formula, on", "time", "memory", "base in", ""), rows)


def _decided(rows: list[tuple[str, str, str]]) -> None:
    table(("project", "decision", "why"), rows)
