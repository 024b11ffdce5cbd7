"""Results of learning: facts, runs, reports."""

from memsrv.tables import gate
from memsrv.tables.cells import Json, cut, record
from memsrv.tables.selection import trajectory
from memsrv.terminal import details, percent, say, table


def report(result: Json) -> None:
    """A finished run, or how far an unfinished one is."""
    if "verdict" not in result:
        record(result)
        return
    details(
        {
            "run": result["run"],
            "verdict": f"{result['verdict']}: {result['reason']}",
            "base": result.get("base"),
            "strategy": result.get("strategy"),
            "built": _built(result.get("built")),
            "version": result.get("version"),
            "teacher": _teacher(result.get("teacher")),
            "facts": _facts(result.get("facts")),
            "not believed": _not_believed(result),
        }
    )
    gate.checks(result)
    closed = (result.get("evaluation") or {}).get("closed_book") or {}
    if closed:
        table(
            ("asked without memory", "known wordings", "new wordings"),
            [(who, percent(score.get("known")), percent(score.get("novel"))) for who, score in closed.items() if score],
        )
    gate.measured(result)
    trajectory(result.get("training"))


def _built(built: Json | None) -> str | None:
    if not built or (built["how"] == "rebuild" and not built["why"]):
        return None
    return f"extended {built['parent']}" if built["how"] == "extend" else f"anew, not extended: {built['why']}"


def _teacher(asked: Json | None) -> str | None:
    if asked is None:
        return None
    if asked["stopped"] and not asked["sent"] + asked["replayed"]:
        return f"not {asked['name']}, but rules alone: {asked['stopped']}"
    told = f"{asked['name']} ({asked['model']}): {asked['answered']} of {asked['sent']} prompts answered"
    told += f", {asked['replayed']} known from before" if asked["replayed"] else ""
    told += f", {asked['input'] + asked['output']} tokens, ${asked['usd']:.4f}"
    return f"{told}; then by rules: {asked['stopped']}" if asked["stopped"] else told


def _facts(counted: Json | None) -> str | None:
    if not counted:
        return None
    told = f"{counted['total']}, of which {counted['trained']} were trained on"
    found = counted.get("by_teacher")
    return told if found is None else f"{told} and {found} were found by the teacher alone"


def _not_believed(result: Json) -> str | None:
    """What a teacher said that nothing bore out: claims and conversations, by reason."""
    told = []
    for what in ("facts", "conversations"):
        counted = result.get(what) or {}
        by_reason = {
            name: n for name, n in counted.items() if name.startswith("teacher_") and n and name not in _NO_LIE
        }
        if by_reason:
            reasons = ", ".join(f"{n} {name[len('teacher_') :].replace('_', ' ')}" for name, n in by_reason.items())
            told.append(f"of the teacher's {'claims' if what == 'facts' else what} {reasons}")
    return "; ".join(told) or None


#: What is counted of a teacher, and is nothing that it said: secrets that it was not sent, answers that never came.
_NO_LIE = ("teacher_redacted", "teacher_unanswered", "teacher_without_shape")


def runs(result: Json) -> None:
    if not result["runs"]:
        say("No consolidation yet; run `memsrv consolidate`.")
        return
    table(
        ("run", "project", "state", "stage", "verdict", "reason"),
        [
            (r["id"], r["project"], r["state"], _pace(r), r.get("verdict"), cut(r.get("reason") or "", 80))
            for r in result["runs"]
        ],
    )


def _pace(run: Json) -> str:
    share = f" {run['done']}/{run['total']}" if run.get("total") else ""
    eta = f", {run['eta_s']:.0f} s left" if run.get("eta_s") else ""
    return f"{run.get('stage') or ''}{share}{eta}"
