"""Each command's result, as a person reads it: rendered from the same JSON shape that `--json` prints (design §8).

Knows the shapes only; where they come from is the business of `memsrv.app`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memsrv.layout import one_line
from memsrv.outline import outline
from memsrv.terminal import details, err, percent, say, table

Json = Mapping[str, Any]


def ingested(result: Json) -> None:
    say(
        f"{result['files']} files, {result['sessions']} sessions: {result['events']} new events "
        f"({result['duplicates']} known already), {result['memories']} memories, in {result['seconds']:.1f} s."
    )
    if result["redactions"]:
        say(f"{result['redactions']} secrets were redacted before anything was written.")
    if result["unreadable"]:
        say(f"{result['unreadable']} lines could not be read; `memsrv status` says where.")
    for trouble in result["unopened"]:
        say(f"Not opened: {trouble}")


def found(result: Json) -> None:
    for number, hit in enumerate(result["results"], 1):
        say(f"{number}. [{hit['kind']}] {_cut(hit['text'], 400)}")
        place = f"session {hit['session']} turn {hit['turn']}" if hit.get("session") else None
        say("   " + " · ".join(str(part) for part in (hit["id"], hit.get("project"), place, hit.get("time")) if part))


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


def record(result: Json) -> None:
    """Any record with what hangs on it, as indented lines; what is empty is left out."""
    say(outline(result))


saved = manifest = pointers = difference = record


def facts(result: Json) -> None:
    waiting, learned = result["facts"], result["learned"]
    say(f"{len(waiting)} facts a consolidation of {result['project']} would learn:")
    table(("kind", "subject", "relation", "value"), [[_cut(f[k] or "", 60) for k in _FACT] for f in waiting])
    left = _counts(result["left_out"])
    if left:
        say(f"Left out: {left}.")
    if learned:
        table(("learned in", "stage", "fact"), [(f["version"], f["stage"], f["text"]) for f in learned])


_FACT = ("kind", "subject", "relation", "value")


def compacted(result: Json) -> None:
    text = result.get("text")
    say(text if isinstance(text, str) and text else outline(result))


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
            "version": result.get("version"),
        }
    )
    if result.get("checks"):
        table(
            ("check", "passed", "figure", "bound", "means"),
            [
                (c["name"], "yes" if c["passed"] else "NO", _text(c["figure"]), _text(c["bound"]), c["means"])
                for c in result["checks"]
            ],
        )
    closed = (result.get("evaluation") or {}).get("closed_book") or {}
    if closed:
        table(
            ("asked without memory", "known wordings", "new wordings"),
            [(who, percent(score.get("known")), percent(score.get("novel"))) for who, score in closed.items() if score],
        )


def runs(result: Json) -> None:
    if not result["runs"]:
        say("No consolidation yet; run `memsrv consolidate`.")
        return
    table(
        ("run", "project", "state", "stage", "verdict", "reason"),
        [
            (r["id"], r["project"], r["state"], _pace(r), r.get("verdict"), _cut(r.get("reason") or "", 80))
            for r in result["runs"]
        ],
    )


def adapters(result: Json) -> None:
    if not result["versions"]:
        say(f"No adapter of {result['project']} yet; run `memsrv consolidate`.")
        return
    table(
        ("version", "state", "base", "parent", "facts", "recall", "created"),
        [
            (v["version"], v["state"], v["base"], v["parent"], v["facts"], percent(v["recall"]), v["created"])
            for v in result["versions"]
        ],
    )


def answer(result: Json) -> None:
    say(result["answer"])
    say(f"— {result['model']}" + ("" if result["known"] else ", which does not know (no fact it learned says so)"))
    if result.get("memories"):
        say("What stands in memory, and overrides it:")
        for memory in result["memories"]:
            say(f"  {memory['text']} ({memory['id']})")


def endpoint(address: str, token_file: Path, model: str) -> None:
    """On stderr: the foreground endpoint's own lines go there, too."""
    err().print(
        f"The endpoint answers at {address} (Ctrl-C ends it). Its token is in {token_file}.\n\n"
        "    from openai import OpenAI\n"
        f'    client = OpenAI(base_url="{address}/v1", api_key=open("{token_file}").read().strip())\n'
        f'    client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "…"}}])\n',
        markup=False,
    )


def standing(result: Json) -> None:
    memories, adapters, serving = result["memories"], result["adapters"], result["endpoint"]
    recall = next((v["recall"] for v in adapters["versions"] if v["state"] == "current"), None)
    details(
        {
            "memsrv": result["version"],
            "home": result["home"],
            "project": result["project"],
            "read": f"{result['sessions']} sessions, {result['events']} events from {len(result['sources'])} logs",
            "remembered": _joined(str(memories["current"]), _counts(memories["by_kind"]))
            + f"; {memories['superseded']} superseded",
            "trust": _counts(memories["by_trust"]) or None,
            "live adapter": _joined(adapters["current"], percent(recall) and f"{percent(recall)} recall") or "none",
            "previous": adapters["previous"],
            "candidate": adapters["candidate"],
            "endpoint": (serving["address"] + ("" if serving["warm"] else ", warming"))
            if serving["running"]
            else "off",
        }
    )
    troubled = [s for s in result["sources"] if s["behind"] or s["unreadable"] or s["behind"] is None]
    if troubled:
        table(
            ("log", "agent", "bytes behind", "unreadable"),
            [
                (s["path"], s["agent"], "gone" if s["behind"] is None else s["behind"], s["unreadable"])
                for s in troubled[:20]
            ],
        )
    if result["runs"]:
        runs({"runs": result["runs"][:5]})
    for concern in result["warnings"]:
        say(f"! {concern['what']}: {concern['remedy']}")


def _pace(run: Json) -> str:
    share = f" {run['done']}/{run['total']}" if run.get("total") else ""
    eta = f", {run['eta_s']:.0f} s left" if run.get("eta_s") else ""
    return f"{run.get('stage') or ''}{share}{eta}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _cut(text: str, length: int) -> str:
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1] + "…"


def _text(value: object) -> str | None:
    return None if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
