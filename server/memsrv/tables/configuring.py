"""Settings."""

import json

from memsrv.tables.cells import Json, cut
from memsrv.terminal import note, say, table


def configuration(result: Json) -> None:
    rows = [(e["key"], _value(e), e["source"], cut(e["description"], 70)) for e in result["settings"]]
    if not rows:
        say("Nothing is set: every default holds.")
        return
    table(("setting", "value", "from", "what it does"), rows)
    note(f"Set in {result['file']}; change one with `memsrv config set KEY VALUE`.")


def setting(result: Json) -> None:
    """The bare value, fit for a script."""
    say(_value(result))


def configured(result: Json) -> None:
    entry = result["setting"]
    default = " (the default)" if entry["source"] == "default" else ""
    say(f"{entry['key']} = {_value(entry)}{default}")
    if result["note"]:
        note(result["note"])


def _value(entry: Json) -> str:
    if entry["hidden"] is not None:
        return f"{entry['hidden']} not shown"
    value = entry["value"]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
