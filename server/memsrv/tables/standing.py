"""How all stands."""

from memsrv.plurals import counted
from memsrv.status.figures import DATABASE, VERSIONS, WATCH
from memsrv.tables.cells import Json, counts, joined
from memsrv.tables.learning import runs
from memsrv.terminal import details, percent, say, table

_MIB = 1 << 20
_NAMES = 5
_UNKNOWN = "not known: it could not be read"


def standing(result: Json) -> None:
    memories, adapters = result["memories"], result["adapters"]
    live = next((v for v in adapters["versions"] if v["version"] == adapters["current"]), None)
    not_read = {*result["not_read"]}
    unknown = _UNKNOWN if DATABASE in not_read else None
    waiting = counted(memories["waiting"], "waits for a person", "wait for a person") if memories["waiting"] else None
    details(
        {
            "memsrv": result["version"],
            "home": result["home"],
            "project": result["project"],
            "read": unknown
            or f"{counted(result['sessions'], 'session')}, {counted(result['events'], 'event')} "
            f"from {counted(len(result['sources']), 'log')}",
            "watched": _UNKNOWN if WATCH in not_read else _watched(result["watch"]),
            "remembered": unknown
            or joined(str(memories["current"]), counts(memories["by_kind"]))
            + f"; {joined(str(memories['superseded']) + ' superseded', waiting)}",
            "trust": counts(memories["by_trust"]) or None,
            "live adapter": _version(live) if live else _UNKNOWN if VERSIONS in not_read else "none",
            "previous": adapters["previous"],
            "candidate": adapters["candidate"],
            "endpoint": _server(result["endpoint"]),
            "MCP over HTTP": _server(result["mcp"]),
            "night": _night(result["night"]),
            "spent today": _spent(result["spend"]),
            "disk": _disk(result["disk"]),
            "consent": _consent(result["consents"], result["project"]),
        }
    )
    if result["agents"]:
        table(
            (
                "agent",
                "found",
                "read",
                "sessions",
                "events",
                "bytes behind",
                "s behind",
                "unreadable",
                "lost",
                "not understood",
            ),
            [_agent(agent) for agent in result["agents"]],
        )
    troubled = [s for s in result["sources"] if s["behind"] or s["unreadable"]]
    if troubled:
        table(
            ("log", "agent", "bytes behind", "unreadable"),
            [(s["path"], s["agent"], s["behind"], s["unreadable"]) for s in troubled[:20]],
        )
    if result["runs"]:
        runs({"runs": result["runs"][:5]})
    for concern in result["warnings"]:
        say(f"! {concern['what']}: {concern['remedy']}")
    for note in result["notes"]:
        say(note)


def examined(result: Json) -> None:
    for check in result["checks"]:
        mark = {"well": " ", "known": "·", "wrong": "!"}[check["state"]]
        remedy = f": {check['remedy']}" if check["remedy"] else ""
        say(f"{mark} {check['name']:<12} {check['what']}{remedy}")
    say("Nothing needs a hand." if result["well"] else "What is marked with ! needs a hand.")


def _agent(agent: Json) -> tuple[str | int | float | None, ...]:
    gone = f" ({agent['gone']} gone)" if agent["gone"] else ""
    unreadable = f"{agent['unreadable']} ({agent['unreadable_share']:.2%})" if agent["unreadable"] else 0
    return (
        agent["agent"], agent["found"], f"{agent['logs']}{gone}", agent["sessions"], agent["events"], agent["behind"],
        round(agent["lag_s"]), unreadable, counts(agent["lost"]) or 0, not_understood(agent) or 0,
    )  # fmt: skip


def not_understood(agent: Json) -> str:
    """The share, and the names that occur most."""
    names = list(agent["unknown"].items())
    if not names:
        return ""
    more = f", and {len(names) - _NAMES} more names" if len(names) > _NAMES else ""
    return f"{agent['unknown_share']:.2%}: {counts(dict(names[:_NAMES]))}{more}"


def _watched(watch: Json) -> str:
    if not watch["watching"]:
        return "by nobody; an IDE that started memsrv does, and so does `memsrv watch`"
    return f"by process {watch['pid']} since {watch['since']}, by {watch['mode']}"


def _version(version: Json) -> str:
    recall = percent(version["recall"])
    state = None if version["state"] == "current" else version["state"]
    return joined(version["version"], state, recall and f"{recall} recall", counts(version["stages"]))


def _server(server: Json) -> str:
    return (server["address"] or "starting") + ("" if server["warm"] else ", warming") if server["running"] else "off"


def _night(night: Json) -> str:
    if night["installed"] is None:
        return "no timer on this platform"
    clock = f"installed, {night['hours']}" if night["installed"] else "not installed; `memsrv night install` does it"
    looked = f"looked {night['looked']}" if night["looked"] else None
    told = [f"{d['project']}: {joined(d['outcome'] or d['decision'], d['reason'])}" for d in night["decisions"][:3]]
    return "; ".join(part for part in (clock, looked, *told) if part)


def _spent(spend: Json) -> str | None:
    if spend["teacher"] == "rules" and not spend["calls"]:
        return None
    # The teacher of the settings need not be the one that was asked: `memsrv cost` says who was.
    return (
        f"{spend['tokens']} of {spend['tokens_per_day']} tokens, ${spend['usd']:.2f} of ${spend['usd_per_day']:.2f} "
        f"({spend['calls']} calls to teachers)"
    )


def _disk(disk: Json) -> str:
    parts = {name: size // _MIB for name, size in disk["parts"].items()}
    archive = f" (archived logs: {size // _MIB})" if (size := disk["archive"]) >= _MIB else ""
    shown = f": {shown}" if (shown := counts(parts)) else ""
    return f"{disk['total'] // _MIB} of {disk['limit_mib']} MiB{shown}{archive}"


def _consent(consents: list[Json], project: str | None) -> str | None:
    own = next((one for one in consents if one["project"] == project), None)
    if own is None:
        return None
    return ", ".join(f"{act} {'yes' if own[act] else 'no'}" for act in ("capture", "recall", "train"))
