"""The verbs of projects: which there are, and which is part of which. Turns and evidence stay as they are.

Adapters stay on the shelf of the name that they were trained under: a merged project learns anew.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from memsrv import config
from memsrv.app.configuring import Configuring
from memsrv.app.remembering import Remembering
from memsrv.app.rooms import now
from memsrv.consent import Act
from memsrv.errors import NotFound, UsageError
from memsrv.plurals import counted
from memsrv.project import slug, worktree
from memsrv.records import Memory
from memsrv.remember import identity
from memsrv.shapes import Placed, Projects, ProjectStanding
from memsrv.status import Concern, ConsentStanding
from memsrv.store import Facets, Moved, Rule
from memsrv_adapters.version import shelf_name

_MERGED, _SPLIT = "merged", "split"


class Projecting(Remembering, Configuring):
    def projects(self) -> Projects:
        """Every project that may be given back, with its folders, branches and agents, and what may be done."""
        shown = {*self.visible.projects(), self.project()}
        rules = self.store.rules()
        listed = [
            self._standing_of(name, facets, rules) for name, facets in self.store.facets().items() if name in shown
        ]
        strays = [
            Concern(
                f"sessions in {folder} were {older}'s, and are {newer}'s since",
                f"if that is one project, `memsrv projects merge {older} {newer}` makes it one; it can be undone",
            )
            for folder, older, newer in self.store.strays()
            if {older, newer} <= shown
        ]
        return Projects(tuple(listed), tuple(strays))

    def merge_projects(self, name: str, into: str, *, confirm: bool) -> Placed:
        """From now on, and for all that is stored, `name` is part of `into`. Without `confirm` only said."""
        facets, placing = self.store.facets(), self.store.placing()
        into = placing.named(into)
        self._must_be_known(name, facets, placing.merged)
        if slug(into) != into:
            raise UsageError(f"a project is not called `{into}` but `{slug(into)}`; use that name")
        if name == into:
            raise UsageError(f"{name} is part of {into} already; `memsrv projects split` takes one out again")
        consents = self._strictest(name, into, facets)
        said = {act: self.consent.said(Act(act), "projects", into) for act in consents}
        rules, undo = self._rules_of_merging(name, into, facets), f"memsrv projects split {name}"
        if not rules:
            rules = [Rule(_MERGED, name, into, {"said": said, "consents": consents})]
        elif len(rules) == 1:
            undo = f"memsrv projects split {rules[0].what} --as {name}"
        moved = self._place(rules, dry=not confirm)
        if confirm:
            self._say(into, consents)
        notes = self._stays_on_its_shelf(name)
        return self._placed("merge", name, into, confirm, moved, consents, undo, notes)

    def split_project(self, what: str, *, named: str | None = None, confirm: bool) -> Placed:
        """Take a merged project out again, or make a folder (of a worktree, of a part) a project of its own."""
        rule = next((rule for rule in self.store.rules() if (rule.kind, rule.what) == (_MERGED, what)), None)
        if rule is not None and rule.project is not None:
            if named:
                raise UsageError(f"{what} was merged into {rule.project} and comes back as {what}; leave --as out")
            moved = self._place([Rule(_MERGED, what, None)], dry=not confirm)
            consents = self._said_before(rule)
            if confirm:
                self._say(rule.project, consents)
            undo = f"memsrv projects merge {what} {rule.project}"
            return self._placed("split", what, what, confirm, moved, {}, undo, self._stays_on_its_shelf(rule.project))
        return self._split_folder(os.path.abspath(os.path.expanduser(what)), what, named, confirm)

    def exclude_project(self, name: str, *, confirm: bool) -> Placed:
        """Read nothing more of a project. What was read stays, and is said with how it goes."""
        facets = self.store.facets()
        self._must_be_known(name, facets, {})
        had = facets.get(name, Facets())
        key = f"projects.{name}.capture"
        if confirm:
            config.put(self.home, key, False)
            self._note_standing()
        turns, memories = counted(had.events, "turn"), counted(had.memories, "memory")
        what = f"{counted(had.sessions, 'session')}, {turns} and {memories}"
        notes = [
            f"What was read stays ({what}): `memsrv config set projects.{name}.recall false` keeps it from being given "
            "back, `memsrv forget ID --erase` erases a memory and its words",
            *self._stays_on_its_shelf(name),
        ]
        undo = f"memsrv config unset {key}"
        return self._placed("exclude", name, name, confirm, Moved(), {"capture": False}, undo, notes)

    # Parts

    def _split_folder(self, folder: str, what: str, named: str | None, confirm: bool) -> Placed:
        held = [
            (project, cwd)
            for project, facets in self.store.facets().items()
            for cwd in facets.folders
            if cwd == folder or cwd.startswith((folder + "/", folder + "\\"))
        ]
        if not held:
            raise NotFound(
                f"`{what}` is neither a merged project nor a folder that sessions were held in; "
                "`memsrv projects` lists both"
            )
        name = named or slug(Path(folder).name)
        if slug(name) != name:
            raise UsageError(f"a project is not called `{name}` but `{slug(name)}`; use that name")
        home = held[0][0]
        if {project for project, _ in held} == {name}:
            raise UsageError(f"{folder} is of the project {name} already; name another with --as")
        rules = [Rule(_MERGED, name, None), Rule(_SPLIT, folder, name, {"home": home})]
        moved = self._place(rules, dry=not confirm)
        consents: dict[str, bool | None] = {}
        for act in (Act.CAPTURE, Act.RECALL):  # a no outlives the split; a yes to train is asked for anew
            if self.consent.said(act, "projects", home) is False and self.consent.said(act, "projects", name) is None:
                consents[act] = False
        if confirm:
            self._say(name, consents)
        undo = f"memsrv projects merge {name} {home}"
        notes = [f"What was saved on purpose in {home} stays there", *self._stays_on_its_shelf(home)]
        return self._placed("split", folder, name, confirm, moved, consents, undo, notes)

    def _rules_of_merging(self, name: str, into: str, facets: Mapping[str, Facets]) -> list[Rule]:
        """Where `name` is nothing but folders that were split off from `into`: those rules, to be dropped again."""
        split = [rule for rule in self.store.rules() if (rule.kind, rule.project) == (_SPLIT, name)]
        if {rule.before.get("home") for rule in split} != {into}:
            return []
        dropped = [Rule(_SPLIT, rule.what, None) for rule in split]
        return dropped if len(self._place(dropped, dry=True).sessions) == facets[name].sessions else []

    def _place(self, rules: Iterable[Rule], *, dry: bool) -> Moved:
        moved = self.store.place(list(rules), time=now(), renamed=_renamed, dry=dry)
        if not dry:
            self.remember_sessions(self.waiting_sessions())
        return moved

    def _placed(
        self, act: str, what: str, project: str, done: bool, moved: Moved, consents: Mapping[str, bool | None],
        undo: str, notes: Iterable[str],
    ) -> Placed:  # fmt: skip
        return Placed(
            act, what, project, done, len(moved.sessions), moved.memories, moved.reviews, consents, undo, tuple(notes)
        )

    def _strictest(self, name: str, into: str, facets: Mapping[str, Facets]) -> dict[str, bool | None]:
        """What is to be said of `into`: a no of either holds; a yes of `name` where `into` is nothing but its new name.

        Only what changes is named.
        """
        theirs = facets.get(into, Facets())
        renamed = set(theirs.folders) <= set(facets.get(name, Facets()).folders)
        found: dict[str, bool | None] = {}
        for act in Act:
            old, new = (self.consent.said(act, "projects", project) for project in (name, into))
            if old is False and new is not False:
                found[act] = False
            elif old is True and new is None and renamed:
                found[act] = True
        return found

    def _said_before(self, rule: Rule) -> dict[str, bool | None]:
        """What was said of the project before something was merged into it, as far as nobody said otherwise since."""
        then = rule.before.get("consents", {})
        return {
            act: rule.before["said"].get(act)
            for act in then
            if self.consent.said(Act(act), "projects", rule.project) is then[act]
        }

    def _say(self, project: str, consents: Mapping[str, bool | None]) -> None:
        for act, said in consents.items():
            key = f"projects.{project}.{act}"
            if said is None:
                config.drop(self.home, key)
            else:
                config.put(self.home, key, said)

    def _stays_on_its_shelf(self, name: str) -> list[str]:
        versions = self.shelf.versions(shelf_name(name))
        if not versions:
            return []
        return [
            f"{len(versions)} adapter versions stay on the shelf of {name} (`memsrv adapters --project {name}`); "
            "the next consolidation learns from what is where now"
        ]

    def _must_be_known(self, name: str, facets: Mapping[str, Facets], merged: Mapping[str, str]) -> None:
        if name in merged:
            raise UsageError(
                f"{name} is part of {merged[name]}; `memsrv projects split {name}` takes it out of it first"
            )
        if name not in facets:
            raise NotFound(f"there is no project `{name}`; `memsrv projects` lists those there are")

    def _standing_of(self, name: str, facets: Facets, rules: Iterable[Rule]) -> ProjectStanding:
        allows = [self.consent.allows(act, project=name) for act in (Act.CAPTURE, Act.RECALL, Act.TRAIN)]
        return ProjectStanding(
            project=name,
            sessions=facets.sessions,
            events=facets.events,
            memories=facets.memories,
            last=facets.last or None,
            folders=tuple(facets.folders),
            worktrees=tuple(dict.fromkeys(filter(None, map(worktree, facets.folders)))),
            branches=tuple(facets.branches),
            agents=tuple(facets.agents),
            merged=tuple(rule.what for rule in rules if (rule.kind, rule.project) == (_MERGED, name)),
            split=tuple(rule.what for rule in rules if (rule.kind, rule.project) == (_SPLIT, name)),
            consents=ConsentStanding(name, *allows),
        )


def _renamed(memory: Memory, project: str) -> str:
    return identity(project, memory.kind, memory.text, memory.subject, memory.relation, memory.value)
