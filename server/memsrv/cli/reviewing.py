"""Commands of review: which facts there are, and a person's word on them."""

from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Json, Project, command, give, opened

Ids = Annotated[list[str], typer.Argument(help="Ids of facts, as `memsrv facts` lists them.")]


@command.command()
def facts(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for your word.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """List what a consolidation would learn, what waits for review, and what adapters have learned."""
    give(opened().facts(project=project), tables.waiting if waiting else tables.facts, json)


@command.command()
def approve(ids: Ids, project: Project = None, json: Json = False) -> None:
    """Allow training on facts that a tool, a web page or a file stated."""
    give(opened().approve(ids, project=project), tables.reviewed, json)


@command.command()
def reject(ids: Ids, project: Project = None, json: Json = False) -> None:
    """Keep facts out of training, whoever stated them."""
    give(opened().reject(ids, project=project), tables.reviewed, json)


@command.command()
def edit(
    id: str,
    text: Annotated[str | None, typer.Option(help="The whole claim, in a sentence.")] = None,
    subject: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    relation: Annotated[str | None, typer.Option(help="What is said of it: port, use, avoid, …")] = None,
    value: Annotated[str | None, typer.Option(help="What holds.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Replace a fact by your own words, which may be trained on."""
    changed = opened().edit(id, text=text, subject=subject, relation=relation, value=value, project=project)
    give(changed, tables.reviewed, json)
