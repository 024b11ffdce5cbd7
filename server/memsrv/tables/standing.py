"""How all stands."""

from memsrv.tables.cells import Json, counts, joined
from memsrv.tables.learning import runs
from memsrv.terminal import details, percent, say, table


def standing(result: Json) -> None:
    memories, adapters, serving = result["memories"], result["adapters"], result["endpoint"]
    recall = next((v["recall"] for v in adapters["versions"] if v["state"] == "current"), None)
    details(
        {
            "memsrv": result["version"],
            "home": result["home"],
            "project": result["project"],
            "read": f"{result['sessions']} sessions, {result['events']} events from {len(result['sources'])} logs",
            "remembered": joined(str(memories["current"]), counts(memories["by_kind"]))
            + f"; {memories['superseded']} superseded",
            "trust": counts(memories["by_trust"]) or None,
            "live adapter": joined(adapters["current"], percent(recall) and f"{percent(recall)} recall") or "none",
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
