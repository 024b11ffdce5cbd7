"""Reviews at rest: for each fact the last word that a person said on it. Knows nothing of what facts are."""

from dataclasses import fields

from memsrv.records import Review, from_dict, to_dict
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.rows import plain

_COLUMNS = tuple(f.name for f in fields(Review))


def put(db: Database, project: str, review: Review) -> None:
    words = {name: plain(value) if value is not None else None for name, value in to_dict(review).items()}
    db.execute(
        f"INSERT OR REPLACE INTO reviews (project, {', '.join(_COLUMNS)}) "
        f"VALUES (:project, {', '.join(':' + c for c in _COLUMNS)})",
        {"project": project, **words},
    )


def of_project(connection: Connection, project: str) -> list[Review]:
    rows = connection.read("SELECT * FROM reviews WHERE project = ? ORDER BY time, fact", [project])
    return [from_dict(Review, dict(row)) for row in rows]
