"""Which sessions and memories are of which project: what a person merged and split, and moving rows by it.

A session keeps the name that its folder gave it (`identity`), so every merge and split can be undone. Knows neither
folders on disk nor consent; how a memory's id is made of its project comes in as a function.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from memsrv.project import Placing
from memsrv.records import Evidence, Memory, Session
from memsrv.store import memories as _memories
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.rows import memory_of, session_of

Renamed = Callable[[Memory, str], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A project that is `merged` into another, or a folder that is `split` off as one. No project: no more."""

    kind: str
    what: str  # the name of the project, or the folder
    project: str | None
    before: Mapping[str, Any] = field(default_factory=dict)  # what it takes to undo it


@dataclass(frozen=True, slots=True)
class Moved:
    """What a merge or a split moves: ids, and the names of the projects that gain or lose something."""

    sessions: tuple[str, ...] = ()
    memories: int = 0
    reviews: int = 0
    projects: tuple[str, ...] = ()


@dataclass(slots=True)
class Facets:
    """One project as its sessions show it."""

    sessions: int = 0
    events: int = 0
    memories: int = 0
    folders: dict[str, None] = field(default_factory=dict)
    branches: dict[str, None] = field(default_factory=dict)
    agents: dict[str, None] = field(default_factory=dict)
    last: str = ""


def placing(source: Connection | Database) -> Placing:
    """What was merged and split; also inside a transaction, where nobody can change it meanwhile."""
    sql = "SELECT kind, what, project FROM placing ORDER BY what"
    rows = source.read(sql) if isinstance(source, Connection) else source.execute(sql).fetchall()
    said: dict[str, dict[str, str]] = {"merged": {}, "split": {}}
    for kind, what, project in rows:
        said[kind][what] = project
    return Placing(said["merged"], said["split"])


def placed(db: Database, session: Session) -> Session:
    """`session` in the project that its own one is part of now."""
    return replace(session, project=placing(db).of(session.project, session.cwd))


def keep_identity(db: Database, session: str, identity: str) -> None:
    """Note what the folder of `session` said, where it is now of another project."""
    db.execute(
        "UPDATE sessions SET identity = ? WHERE id = ? AND project != ? AND coalesce(identity, 'unknown') = 'unknown'",
        [identity, session, identity],
    )


def rules(connection: Connection) -> list[Rule]:
    rows = connection.read("SELECT kind, what, project, before FROM placing ORDER BY kind, what")
    return [Rule(row[0], row[1], row[2], json.loads(row[3])) for row in rows]


def keep(db: Database, rule: Rule, time: str) -> None:
    if rule.project is None:
        db.execute("DELETE FROM placing WHERE kind = ? AND what = ?", [rule.kind, rule.what])
        return
    db.execute(
        "INSERT OR REPLACE INTO placing (kind, what, project, time, before) VALUES (?, ?, ?, ?, ?)",
        [rule.kind, rule.what, rule.project, time, json.dumps(rule.before)],
    )


def facets(connection: Connection) -> dict[str, Facets]:
    """Every project with a session or a memory, and what it has."""
    found: dict[str, Facets] = defaultdict(Facets)
    counts = {r[0]: r[1] for r in connection.read("SELECT session, count(*) FROM events GROUP BY session")}
    for row in connection.read("SELECT * FROM sessions ORDER BY coalesce(ended, started, '') DESC, id"):
        session, one = session_of(row), found[row["project"]]
        one.sessions += 1
        one.events += counts.get(session.id, 0)
        one.last = max(one.last, session.ended or session.started or "")
        one.agents[session.agent] = None
        if session.cwd:
            one.folders[session.cwd] = None
        if session.branch:
            one.branches[session.branch] = None
    for project, count in connection.read(
        "SELECT project, sum(valid_to IS NULL AND superseded_by IS NULL) FROM memories GROUP BY project"
    ):
        found[project].memories = count
    return dict(sorted(found.items()))


def folders(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """The (project, folder) that sessions were held in, those of the newest sessions first."""
    rows = connection.read(
        "SELECT project, cwd FROM sessions WHERE cwd IS NOT NULL GROUP BY project, cwd "
        "ORDER BY max(coalesce(ended, started, '')) DESC LIMIT ?",
        [limit],
    )
    return [(row[0], row[1]) for row in rows]


def strays(connection: Connection) -> list[tuple[str, str, str]]:
    """(folder, older project, newer project): where a folder's sessions are of two projects, as after a new remote."""
    rows = connection.read(
        "SELECT cwd, project, max(coalesce(ended, started, '')) AS last FROM sessions "
        "WHERE cwd IS NOT NULL AND project != 'unknown' GROUP BY cwd, project ORDER BY cwd, last"
    )
    found: dict[tuple[str, str], str] = {}
    by_folder: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_folder[row["cwd"]].append(row["project"])
    for folder, projects in by_folder.items():
        for older in projects[:-1]:
            found.setdefault((older, projects[-1]), folder)
    return [(folder, older, newer) for (older, newer), folder in found.items()]


# Moving


def settle(db: Database, renamed: Renamed) -> Moved:
    """Bring every session and memory to the project that it is of by now. Its words and its evidence do not change.

    Sessions of projects that gained or lost something count as not remembered: what newer words ended is judged anew.
    """
    db.execute("PRAGMA defer_foreign_keys = ON")  # ids change, and what points to them follows within this transaction
    rules = placing(db)
    moved, touched = _move_sessions(db, rules)
    touched |= {name for name in rules.merged if name != rules.named(name)}  # what was saved there on purpose
    memories, reviews, gained = _move_memories(db, rules, touched, renamed)
    touched |= gained
    _end_no_more_by_strangers(db)
    changed = sorted(touched) if moved or memories else []
    for project in changed:
        db.execute("DELETE FROM remembered WHERE session IN (SELECT id FROM sessions WHERE project = ?)", [project])
    return Moved(tuple(moved), memories, reviews, tuple(changed))


def _move_sessions(db: Database, rules: Placing) -> tuple[list[str], set[str]]:
    moved, touched = [], set[str]()
    for id, project, identity, cwd in db.execute("SELECT id, project, identity, cwd FROM sessions").fetchall():
        now = rules.of(identity or project, cwd)
        if now != project:
            db.execute(
                "UPDATE sessions SET project = ?, identity = coalesce(identity, project) WHERE id = ?", [now, id]
            )
            moved.append(id)
            touched |= {project, now}
    return moved, touched


def _move_memories(db: Database, rules: Placing, touched: Iterable[str], renamed: Renamed) -> tuple[int, int, set[str]]:
    count = reviews = 0
    gained = set[str]()
    homes = dict(db.execute("SELECT id, project FROM sessions").fetchall())
    moved_saved = "SELECT id FROM memories WHERE identity IS NOT NULL"
    ids = [
        row[0]
        for project in sorted(touched)
        for row in db.execute("SELECT id FROM memories WHERE project = ?", [project]).fetchall()
    ]
    ids += [row[0] for row in db.execute(moved_saved).fetchall()]
    for id in dict.fromkeys(ids):
        memory, identity = _memory(db, id)
        by_project: dict[str, list[Evidence]] = defaultdict(list)
        for quote in memory.evidence:
            by_project[homes.get(quote.session, memory.project)].append(quote)
        if memory.origin != "rules" or not by_project:
            own = rules.of(identity or memory.project, None)
            by_project = {own: list(memory.evidence)}
        stays = memory.project if memory.project in by_project else None
        for project, quotes in by_project.items():
            if project == memory.project:
                continue
            gained.add(project)
            count += 1
            new = renamed(memory, project)
            if stays is None and project == next(iter(by_project)):
                reviews += _rename(db, memory, identity, new, project, quotes, alone=len(by_project) == 1)
            else:
                _copy(db, memory, new, project, quotes)
    return count, reviews, gained


def _memory(db: Database, id: str) -> tuple[Memory, str | None]:
    cursor = db.conn.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute("SELECT * FROM memories WHERE id = ?", [id]).fetchone()
    quotes = db.execute("SELECT session, turn, quote FROM evidence WHERE memory = ? ORDER BY place", [id]).fetchall()
    return memory_of(row, tuple(Evidence(*quote) for quote in quotes)), row["identity"]


def _rename(
    db: Database, memory: Memory, identity: str | None, new: str, project: str, quotes: list[Evidence], *, alone: bool
) -> int:
    """Move `memory`, with those of its `quotes` that are of `project`; into one that says the same, if there is one."""
    taken = new != memory.id and db.execute("SELECT 1 FROM memories WHERE id = ?", [new]).fetchone()
    if new == memory.id or (taken and not memory.evidence):
        # What was saved on purpose and is said there already rests behind the other, and comes back with a split.
        behind = taken and memory.valid_to is None and memory.superseded_by is None
        db.execute(
            "UPDATE memories SET project = ?, identity = ?, superseded_by = ? WHERE id = ?",
            [project, identity or memory.project, new if behind else memory.superseded_by, memory.id],
        )
        return 0
    if taken:
        _copy(db, memory, new, project, quotes)
        db.execute("UPDATE memories SET superseded_by = ? WHERE superseded_by = ?", [new, memory.id])
        db.execute("DELETE FROM memories WHERE id = ?", [memory.id])
    else:
        db.execute(
            "UPDATE memories SET id = ?, project = ?, identity = ? WHERE id = ?",
            [new, project, identity or memory.project, memory.id],
        )
        db.execute("UPDATE memories SET superseded_by = ? WHERE superseded_by = ?", [new, memory.id])
        db.execute("UPDATE evidence SET memory = ? WHERE memory = ?", [new, memory.id])
        if not alone:
            for session in {quote.session for quote in memory.evidence} - {quote.session for quote in quotes}:
                db.execute("DELETE FROM evidence WHERE memory = ? AND session = ?", [new, session])
    changed = db.execute(
        "UPDATE OR IGNORE reviews SET fact = ?, project = ? WHERE fact = ?", [new, project, memory.id]
    ).rowcount
    db.execute("DELETE FROM reviews WHERE fact = ?", [memory.id])  # the one said of the other stands
    return changed


def _copy(db: Database, memory: Memory, new: str, project: str, quotes: list[Evidence]) -> None:
    """What several projects' sessions say is a memory of each, with its own evidence."""
    ended = memory.valid_to is not None and memory.superseded_by is None
    said = replace(
        memory, id=new, project=project, evidence=tuple(quotes), superseded_by=None,
        valid_to=memory.valid_to if ended else None,
    )  # fmt: skip
    _memories.remember(db, [said], "rules")


def _end_no_more_by_strangers(db: Database) -> None:
    """What words of another project ended, as it was one with this, holds again; rivals in one project are judged."""
    db.execute(
        "UPDATE memories SET valid_to = NULL, superseded_by = NULL WHERE superseded_by IS NOT NULL "
        "AND project != (SELECT project FROM memories s WHERE s.id = memories.superseded_by)"
    )
    rivals = db.execute(
        "SELECT max(id) FROM memories WHERE valid_to IS NULL AND superseded_by IS NULL AND key IS NOT NULL "
        "GROUP BY project, key HAVING count(*) > 1"
    ).fetchall()
    for (id,) in rivals:
        _memories.supersede(db, id, "rules")
