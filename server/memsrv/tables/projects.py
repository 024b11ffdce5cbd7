"""Results of projects."""

from collections.abc import Callable

from memsrv.plurals import counted
from memsrv.records import to_dict
from memsrv.tables.cells import Json
from memsrv.terminal import note, say, table

_DONE = {
    "merge": "Merged {what} into {project}",
    "split": "Split {what} off as {project}",
    "exclude": "Excluded {what}",
}
_WOULD = {
    "merge": "Would merge {what} into {project}",
    "split": "Would split {what} off as {project}",
    "exclude": "Would exclude {what}",
}
_ACTS = ("capture", "recall", "train")


def projects(result: Json) -> None:
    if not result["projects"]:
        say("Nothing has been read yet; run `memsrv ingest`.")
        return
    table(
        ("project", "sessions", "turns", "memories", "agents", "branches", "last", "consent"),
        [
            (
                one["project"], one["sessions"], one["events"], one["memories"], ", ".join(one["agents"]),
                _some(one["branches"]), (one["last"] or "")[:10],
                ", ".join(act if one["consents"][act] else f"no {act}" for act in _ACTS),
            )
            for one in result["projects"]
        ],
    )  # fmt: skip
    for one in result["projects"]:
        for what, listed in (
            ("folders", one["folders"]),
            ("worktrees", one["worktrees"]),
            ("merged into it", one["merged"]),
            ("folders made a project", one["split"]),
        ):
            if listed:
                say(f"{one['project']}: {what}: {_some(listed, 5)}")
    for concern in result["advice"]:
        say(f"! {concern['what']}: {concern['remedy']}")


def placed(result: Json, say: Callable[[str], None] = say) -> None:
    done = result["done"]
    what = (_DONE if done else _WOULD)[result["act"]].format(**result)
    own = f"{counted(result['sessions'], 'session')}, {counted(result['memories'], 'memory')}"
    moved = f": {own} and {counted(result['reviews'], 'review')} move"
    say(what + ("" if result["act"] == "exclude" else moved) + ".")
    for act, allowed in result["consents"].items():
        said = {True: "yes", False: "no", None: "not said"}[allowed]
        say(f"  {act} of {result['project']}: {said} from {'now' if done else 'then'} on.")
    for one in result["notes"]:
        say(f"  {one}.")
    say(f"  `{result['undo']}` takes it back.")


def placed_on_stderr(shown: object) -> None:
    """Before the question, where stdout is for the result alone."""
    placed(to_dict(shown), note)


def _some(listed: list[str], at_most: int = 3) -> str:
    more = f", and {len(listed) - at_most} more" if len(listed) > at_most else ""
    return ", ".join(listed[:at_most]) + more
