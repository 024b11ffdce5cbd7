"""Results of revision."""

from memsrv.plurals import counted
from memsrv.tables.cells import Json, cut
from memsrv.terminal import note, say, table

_FEW = 5


def conflicts(result: Json) -> None:
    if not result["conflicts"]:
        say("Nothing contradicts itself here.")
    for conflict in result["conflicts"]:
        say(conflict["sort"])
        for memory in (conflict["one"], conflict["other"]):
            since = (memory["valid_from"] or "")[:10]
            say(f"  {memory['id']} [{memory['trust']}, {since}] {cut(memory['text'], 200)}")
        say(f"  {conflict['remedy']}")


def resolved(result: Json) -> None:
    verb = "Kept" if result["done"] else "Would keep"
    say(f"{verb} {result['kept']['id']}: {cut(result['kept']['text'], 200)}")
    say(f"  instead of {result['ended']['id']}: {cut(result['ended']['text'], 200)}")
    if result["evidence"]:
        say(f"  {counted(result['evidence'], 'quote more speaks', 'quotes more speak')} for it")
    for said in result["notes"]:
        say(f"  {said}.")


def audited(result: Json, few: int | None = _FEW) -> None:
    read = f"{counted(result['turns'], 'turn')} of {counted(result['sessions'], 'session')}"
    say(f"{counted(result['memories'], 'memory')}, {read}.")
    for sort, count in result["counts"].items():
        if count:
            _sort(sort, [one for one in result["findings"] if one["sort"] == sort], few)
    if not any(result["counts"].values()):
        say("Nothing to mend.")
    _repeats(result)


def audited_whole(result: Json) -> None:
    audited(result, None)


def _sort(sort: str, findings: list[Json], few: int | None) -> None:
    say(f"\n{sort}: {len(findings)}")
    for finding in findings[:few]:
        say(f"  {finding['id']} {cut(finding['text'], 160)}")
        say(f"    {cut(finding['why'], 200)}")
        for quote in finding["evidence"][:2]:
            say(f'    session {quote["session"]} turn {quote["turn"]}: "{cut(quote["quote"], 120)}"')
        say(f"    {finding['remedy']}")
    if few is not None and len(findings) > few:
        note(f"  {len(findings) - few} more; --all lists them.")


def _repeats(result: Json) -> None:
    if not result["said"]:
        return say("\nNobody has said anything lasting yet.")
    share = 100 * result["repeated"] / result["said"]
    say(f"\nSaid again: {result['repeated']} of {result['said']} lasting words of yours ({share:.0f} %), by week:")
    table(
        ("week", "sessions", "said", "said again", "changed", "what"),
        [
            (
                week["week"], str(week["sessions"]), str(week["said"]), str(week["repeated"]), str(week["changed"]),
                cut("; ".join(one["text"].rstrip(".") for one in week["again"]), 80),
            )
            for week in result["weeks"]
        ],
    )  # fmt: skip
