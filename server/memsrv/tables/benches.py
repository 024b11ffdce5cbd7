"""Results of benches: each engine a column of figures beside the others'."""

from memsrv.tables.cells import Json
from memsrv.terminal import say, table


def redaction(result: Json) -> None:
    """Caught, false alarms, speed; what was missed."""
    say(
        f"{result['families']} families of planted secrets; "
        f"{result['bytes'] / 1e6:.1f} MB of ordinary code in {result['files']} files."
    )
    ran = [engine for engine in result["engines"] if not engine["skipped"]]
    positions = [row["position"] for row in ran[0]["by_position"]]
    rows = [["caught", *(f"{e['caught']} of {e['planted']}" for e in ran)]]
    for place, position in enumerate(positions):
        found = [engine["by_position"][place] for engine in ran]
        rows.append([f"  {position}", *(f"{row['caught']} of {row['planted']}" for row in found)])
    rows.append(["false alarms per 100 kB", *(f"{e['false_alarms_per_100_kb']:.3f}" for e in ran)])
    rows.append(["MB/s", *(f"{e['mb_per_s']:.2f}" for e in ran)])
    table(("", *(f"{engine['name']} {engine['version']}" for engine in ran)), rows)
    for engine in result["engines"]:
        if engine["skipped"]:
            say(f"{engine['name']}: skipped: {engine['skipped']}")
        elif engine["missed"]:
            say(f"{engine['name']} left something of: {', '.join(engine['missed'])}")
