"""Each tool's result as an agent reads it: short, with the ids that lead on. The structured form says the rest."""

from collections.abc import Callable, Mapping
from typing import Any

from memsrv.layout import one_line
from memsrv.outline import doubts, matched, outline, place

Json = Mapping[str, Any]


def found(result: Json, how_to_begin: Callable[[], str | None]) -> str:
    lines = []
    for hit in result["results"]:
        sort = ", ".join(filter(None, (hit["kind"], doubts(hit["why"], hit.get("superseded_by")))))
        where = ", ".join(str(part) for part in (hit["id"], hit.get("who"), place(hit), hit["time"]) if part)
        why = "; ".join(filter(None, (where, matched(hit["why"]))))
        lines.append(f"- [{sort}] {one_line(hit['text'])} ({why})")
    return "\n".join(lines) or how_to_begin() or "Nothing found; try other words or project `*`."


def opened(result: Json) -> dict[str, Any]:
    """A record without the steps of a session's tasks: how each ended is enough to choose the turns to open.

    The words of a turn stand in it once: a long one is to come whole.
    """
    if result.get("kind") == "turn":
        record = {**result["record"], "text": ""}
        return {**result, "record": record, "turns": [one for one in result["turns"] if one["id"] != record["id"]]}
    tasks = [{**task, "steps": len(task["steps"])} for task in result.get("trajectories", ())]
    return {**result, "trajectories": tasks} if tasks else dict(result)


def saved(result: Json) -> str:
    if result["status"] == "duplicate_of":
        return f"Known already, as {result['id']}; nothing was added."
    ended = f"; it supersedes {', '.join(result['superseded'])}" if result["superseded"] else ""
    count = result["redactions"]
    notes = [f"{count} secret{' in it was' if count == 1 else 's in it were'} redacted."] if count else []
    if against := result.get("overruled"):
        notes.append(
            f"The user had said {', '.join(against)}: tell them what you replaced; `memsrv conflicts` takes it back."
        )
    notes += [
        f"{'Says nearly what' if one['sort'] == 'duplicate' else 'May contradict what'} {one['id']} says: "
        f'"{one_line(one["text"])}"; if one of them is to go, memory_forget ends it.'
        for one in result.get("alike", ())
    ]
    return " ".join([f"Saved as {result['id']}{ended}.", *notes])


def forgotten(result: Json) -> str:
    if not result["done"]:
        told = outline({key: value for key, value in result.items() if key != "confirm"})
        return (
            f"Nothing has changed yet. This would happen:\n{told}\n"
            f"If the user agrees, call memory_forget again, the same but with confirm `{result['confirm']}`."
        )
    return f"Done.\n{outline(result)}"


def brief(result: Json) -> dict[str, Any]:
    """A standing without what is well by the thousand: logs that are read, other projects that were asked nothing."""
    troubled = [one for one in result.get("sources", ()) if one.get("behind") or one.get("unreadable")]
    consents = [one for one in result.get("consents", ()) if one["project"] == result.get("project")]
    return {**result, "sources": troubled[:20], "consents": consents}


def standing(result: Json) -> str:
    """What is there, and what needs attention; what is off, empty or zero is left out."""
    return outline(_filled(result))


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: kept for key, item in value.items() if (kept := _filled(item)) not in (None, False, 0, "", [], {})}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def reply(result: Json) -> str:
    if result["state"] == "warming":
        text = f"The adapter's endpoint is starting; ask again in {result.get('retry_s', 5):g} seconds."
    elif not result["known"]:
        text = f"{result['model']} does not know (no fact it learned says so): {result['answer']}"
    else:
        text = f"{result['answer']}\n(by {result['model']})"
    current = "\n".join(f"- {one_line(memory['text'])} ({memory['id']})" for memory in result["memories"])
    return f"{text}\nWhat stands in memory, and overrides it:\n{current}" if current else text
