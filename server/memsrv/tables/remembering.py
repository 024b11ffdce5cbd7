"""Results of memory."""

from memsrv.outline import doubts, matched, outline, place
from memsrv.plurals import counted
from memsrv.tables.cells import Json, cut, duration, record, size
from memsrv.terminal import say, table


def ingested(result: Json) -> None:
    say(
        f"{counted(result['files'], 'file')}, {counted(result['sessions'], 'session')}: "
        f"{counted(result['events'], 'new event')} ({result['duplicates']} known already), "
        f"{counted(result['memories'], 'memory')}, in {result['seconds']:.1f} s."
    )
    if result["redactions"]:
        say(f"{counted(result['redactions'], 'secret was', 'secrets were')} redacted before anything was written.")
    if result["unreadable"]:
        say(f"{counted(result['unreadable'], 'line')} could not be read; `memsrv status` says where.")
    if result["declined"]:
        declined = counted(result["declined"], "log may not be read, and was not", "logs may not be read, and were not")
        say(f"{declined}: {', '.join(result['declined_by'])} says so.")
    for trouble in result["unopened"]:
        say(f"Not opened: {trouble}")


def backlog(result: Json) -> str:
    """How much there is, whose and since when, and how long it takes: the beginning of a question."""
    agents = "; ".join(
        f"{one['agent']}: {counted(one['logs'], 'log')}, {size(one['bytes'])}, {one['oldest']} to {one['newest']}"
        for one in result["agents"]
    )
    if result["seconds"] is None:
        long = "how long it takes is not known"
    else:
        long = f"about {duration(result['seconds'])}, estimated from {size(result['sampled'])} of them"
    return f"{size(result['bytes'])} of logs were never read ({agents}); {long};"


def found(result: Json) -> None:
    for number, hit in enumerate(result["results"], 1):
        sort = ", ".join(filter(None, (hit["kind"], doubts(hit["why"], hit.get("superseded_by")))))
        say(f"{number}. [{sort}] {cut(hit['text'], 400)}")
        where = (hit["id"], hit.get("project"), hit.get("who"), place(hit), hit.get("time"), matched(hit["why"]))
        say("   " + " · ".join(str(part) for part in where if part))


def shown(result: Json) -> None:
    """A record; of a session also its tasks, a row for each."""
    tasks = result["trajectories"]
    record({key: value for key, value in result.items() if key != "trajectories"})
    if tasks:
        table(
            ("turns", "outcome", "sure", "steps", "task", "why"),
            [
                (
                    f"{t['turn']}–{t['last']}",
                    t["outcome"],
                    f"{t['confidence']:.2f}" if t["evidence"] else "",
                    str(len(t["steps"])),
                    cut(t["task"], 80),
                    cut("; ".join(f"{s['seen']} (turn {s['turn']})" for s in t["evidence"]), 100),
                )
                for t in tasks
            ],
        )


def memories(result: Json) -> None:
    listed = result["memories"]
    if not listed:
        say("Nothing is remembered here yet; run `memsrv ingest`, or see `memsrv memories --all-projects`.")
        return
    table(
        ("id", "kind", "trust", "since", "text"),
        [
            (m["id"], m["kind"], m["trust"], (m["valid_from"] or "")[:10], ("✗ " if m["valid_to"] else "") + m["text"])
            for m in listed
        ],
    )


def compacted(result: Json) -> None:
    text = result.get("text")
    say(text if isinstance(text, str) and text else outline(result))
