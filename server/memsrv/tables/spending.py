"""Results of spending: what teachers cost."""

from memsrv.tables.cells import Json
from memsrv.terminal import note, say, table


def cost(result: Json) -> None:
    today, left = result["today"], result["left"]
    say(
        f"Today (UTC): {today['tokens']} of {result['tokens_per_day']} tokens, "
        f"${today['usd']:.4f} of ${result['usd_per_day']:g}; left: {left['tokens']} tokens, ${left['usd']:.4f}."
    )
    if result["days"]:
        columns = ("day", "teacher", "model", "for", "calls", "tokens in", "out", "USD", "end unknown", "refused")
        rows = [
            (d["day"], d["teacher"], d["model"], d["purpose"], d["calls"], d["input"], d["output"],
             f"{d['usd']:.4f}", d["open"] or None, d["refused"] or None)
            for d in result["days"]
        ]  # fmt: skip
        table(columns, rows)
    else:
        say("Nothing has been sent to a teacher.")
    for warning in result["warnings"]:
        note(f"Warning: {warning}")
