"""Results of forgetting and housekeeping."""

from collections.abc import Callable

from memsrv.plurals import counted
from memsrv.records import to_dict
from memsrv.tables.cells import Json, cut
from memsrv.terminal import note, say, table

_MIB = 1 << 20


def forgotten(result: Json, say: Callable[[str], None] = say) -> None:
    done, erase = result["done"], result["erase"]
    verb = ("Erased" if erase else "Retired") if done else ("Would erase" if erase else "Would retire")
    for memory in result["memories"]:
        say(f"{verb} {memory['id']}" + (f": {cut(memory['text'], 200)}" if memory["text"] else ""))
    if result["whole"]:
        say(f"{'Erased' if done else 'Would erase'} all of {', '.join(result['whole'])}" if erase
            else f"  all that rests on {', '.join(result['whole'])} alone")  # fmt: skip
    if erase:
        for name, where in (
            ("memories that say the same", result["also"]),
            ("runs", result["runs"]),
            (
                "adapter versions",
                [f"{v['project']}@{v['version']} ({v['state']})" for v in result["adapters_affected"]],
            ),
            ("backups" if done else "backups to search", result["backups"]),
            ("files of memsrv", result["files"]),
            ("agents' logs that keep it", result["logs"]),
        ):
            if where:
                say(f"  {name}: {', '.join(where)}")
        say(f"  turns: {result['turns']} in {counted(result['sessions'], 'session')}")
    for said in result["notes"]:
        say(f"  {said}.")


def forgotten_on_stderr(shown: object) -> None:
    """Before the question, where stdout is for the result alone."""
    forgotten(to_dict(shown), note)


def cleared(result: Json) -> None:
    if result["removed"]:
        table(("what", "MiB", "path", "why"), [
            (old["what"], f"{old['bytes'] / _MIB:.1f}", old["path"], old["why"]) for old in result["removed"]
        ])  # fmt: skip
    for trouble in result["kept"]:
        say(f"! not removed: {trouble}")
    for orphan in result["orphans"]:
        say(f"! process {orphan['pid']} outlived who started it ({orphan['command']}): {orphan['remedy']}")
    verb = "Would free" if result["dry_run"] else "Freed"
    parts = ", ".join(f"{name} {size / _MIB:.0f}" for name, size in result["usage"].items() if size >= _MIB)
    say(f"{verb} {result['bytes'] / _MIB:.1f} MiB." + (f" MiB in use now: {parts}." if parts else ""))
