"""Adapter versions."""

from collections import Counter

from memsrv.plurals import counted
from memsrv.tables.cells import Json, counts, cut, joined, text
from memsrv.terminal import details, note, percent, say, table

#: So many facts are printed; `--json` has all of them.
_FEW = 40


def adapters(result: Json) -> None:
    if not result["versions"]:
        say(f"No adapter of {result['project']} yet; run `memsrv consolidate`.")
        return
    table(
        ("version", "state", "base", "parent", "facts", "in the weights", "recall", "created"),
        [
            (
                v["version"], v["state"], v["base"], v["parent"], v["facts"], v["stages"].get("graduated", 0),
                percent(v["recall"]), v["created"],
            )
            for v in result["versions"]
        ],
    )  # fmt: skip


def manifest(result: Json) -> None:
    """What a version is, what it was made of, and how far each of its facts came."""
    about = result["manifest"]
    made, facts = about["lineage"], about["facts"]
    sources = [*made["replayed"], *(source for fact in facts for source in fact["sources"])]
    sessions, events = {one["session"] for one in sources}, {(one["session"], one["turn"]) for one in sources}
    details(
        {
            "version": f"{about['project']}@{about['version']}, {result['state']}",
            "tainted": result["tainted"],
            "built": made["built"] + (f" on {about['parent']}" if made["built"] == "extend" else ""),
            "parent": about["parent"],
            "base": f"{about['base']} ({about['base_hash'][:12]})",
            "strategy": joined(about["strategy"], made["recipe"].get("name"), _seed(made["seed"])),
            "run": f"{about['run']}, {about['created']}",
            "data": f"{made['data'][:12]}, of {counted(len(sessions), 'session')}, {counted(len(events), 'turn')}"
            if made["data"]
            else None,
            "conversations": made["conversations"][:12] or None,
            "scores": ", ".join(f"{name} {text(figure)}" for name, figure in about["scores"].items()) or None,
            "facts": joined(str(len(facts)), counts(Counter(fact["stage"] for fact in facts))),
            "no longer hold": counted(len(made["inherited"]), "fact of its parent", "facts of its parent")
            if made["inherited"]
            else None,
            "path": result["path"],
        }
    )
    if facts:
        table(("fact", "stage", "recalled", "text"), [_fact(fact) for fact in facts[:_FEW]])
    if len(facts) > _FEW:
        note(f"{len(facts) - _FEW} more; --json has all of them, with where each was said.")


def difference(result: Json) -> None:
    """Facts gained, lost, said otherwise and recalled otherwise, then the scores that differ."""
    one, other = result["one"], result["other"]
    say(f"{other} against {one}:")
    for what in ("base", "strategy"):
        if result[what]:
            say(f"  {what}: {result[what][0]} -> {result[what][1]}")
    rows = [("learned", _stage(fact), cut(fact["text"], 100)) for fact in result["learned"]]
    rows += [("dropped", _stage(fact), cut(fact["text"], 100)) for fact in result["dropped"]]
    for was, now in result["changed"]:
        rows.append(("changed", _turned(was, now), f"{cut(was['text'], 60)} -> {cut(now['text'], 60)}"))
    for was, now in result["restaged"]:
        rows.append(("recalled", _turned(was, now), cut(now["text"], 100)))
    if rows:
        table(("what", "stage", "fact"), rows)
    else:
        say("  the same facts, recalled alike")
    for name, (before, after) in result["scores"].items():
        say(f"  {name}: {text(before)} -> {text(after)}")


def _fact(fact: Json) -> tuple[str, str, str, str]:
    return fact["id"], fact["stage"], _recalled(fact), cut(fact["text"], 100)


def _recalled(fact: Json) -> str:
    return "not asked" if fact["of"] is None else f"{fact['right']} of {fact['of']}"


def _stage(fact: Json) -> str:
    return f"{fact['stage']}, {_recalled(fact)}"


def _turned(was: Json, now: Json) -> str:
    return _stage(now) if _stage(was) == _stage(now) else f"{_stage(was)} -> {_stage(now)}"


def _seed(seed: int | None) -> str | None:
    return None if seed is None else f"seed {seed}"
