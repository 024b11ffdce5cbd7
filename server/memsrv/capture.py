"""What may be read of the agents' logs, and what is kept of it: consent by project and source, and `.memsrvignore`.

A session that may not be read is declined as a whole. In one that may, an event that reads, writes or runs something
on an ignored path stays as something that happened, without its words; so does what the agent says right after, which
may quote it. People's own words stay, without the path's name. Knows no log format and no store.
"""

import glob
import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

from memsrv.consent import Act, Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.project import Placing
from memsrv.records import Event, EventType, Trust

#: What stands where something was left out.
IGNORED = "[ignored]"

_SPOKEN = (EventType.PROMPT, EventType.REJECTION, EventType.INTERRUPT, EventType.COMPACTION)
_NAME = re.compile(r"(?:~/)?[^\s\"'`<>|;:,()\[\]{}=&$?!*#\\]*[./][^\s\"'`<>|;:,()\[\]{}=&$?!*#\\]*")
_PATH = re.compile(r"(?:[./].*[^\W\d])|(?:[^\W\d].*[./])")  # a letter beside a dot or slash: `3.11` is none
_COMMANDS = re.compile(r"&&|\|\||[;|\n]")
_QUOTED = re.compile(r"[\"'\\]")
_GLOB = re.compile(r"[*?\[]")
_EXPANDED = 2000  # names that a shell pattern is expanded to at most
#: Programs whose plain words are files and folders; elsewhere `build` in `npm run build` is no path.
_OF_FILES = re.compile(
    r"cd|pushd|ls|tree|find|fd|cat|bat|head|tail|less|more|nl|[efz]?grep|rg|ag|awk|sed|cp|mv|rm|tar|zip|unzip|rsync|scp|du"
    r"|wc|diff|cmp|sort|uniq|cut|jq|xxd|od|strings|file|stat|open|code|vim?|nvim|nano|emacs|source|tee"
)
_REMEMBERED = 256  # withheld calls whose results are still awaited


@dataclass(frozen=True, slots=True)
class Capture:
    """What one reading of logs may take in."""

    consent: Consent
    ignored: IgnoreFiles
    closed: Mapping[Path, str] = field(default_factory=dict)  # agents' own folders, with what forbids them
    former: Mapping[str, Collection[str]] = field(default_factory=dict)  # by folder: what its project was called
    placing: Placing = field(default_factory=Placing)

    @classmethod
    def of(
        cls,
        home: Path,
        consent: Consent,
        folders: Mapping[str, Collection[Path]],
        former: Mapping[str, Collection[str]] | None = None,
        placing: Placing | None = None,
    ) -> Self:
        """For the reading that begins now; `folders` are where the agents keep their logs."""
        keys = {agent: consent.denied_by(Act.CAPTURE, agent=agent) for agent in folders}
        closed = {folder: key for agent, key in keys.items() if key for folder in folders[agent]}
        return cls(consent, IgnoreFiles(home), closed, former or {}, placing or Placing())

    def denied(self, agent: str, cwd: str | None, remote: str | None = None) -> str | None:
        """What forbids a session as a whole, by the key or the file that says so; None: it may be read.

        One that does not say where it was held may be of a project that may not be read: while there is any, it is
        read where a person has said so.
        """
        project = self.placing.project(cwd, remote)
        key = self.consent.denied_by(Act.CAPTURE, project=project, agent=agent)
        if key is None and cwd is None and remote is None and not self.consent.said(Act.CAPTURE, "projects", project):
            return f"projects.{project}.capture" if self.consent.refused(Act.CAPTURE, "projects") else None
        if key is None and cwd and not self.consent.said(Act.CAPTURE, "projects", project):
            # A new remote gives another name: a no that was said under the one before still holds.
            keys = (self.consent.denied_by(Act.CAPTURE, project=name) for name in sorted(self.former.get(cwd, ())))
            key = next(filter(None, keys), None)
        if key is not None or cwd is None:
            return key
        file = self.ignored.whole(cwd)
        return None if file is None else str(file)

    def withholding(self, state: Mapping[str, Any]) -> "Withholding":
        """For one log, from its beginning (`state` empty) or from where `state` was taken."""
        return Withholding(
            self,
            calls=list(state.get("calls", ())),
            looked=bool(state.get("looked")),
            ever=bool(state.get("ever")),
            loose=bool(state.get("loose")),
        )


@dataclass(slots=True)
class Withholding:
    """Goes through one log's events in order, and takes out what is not to be kept."""

    capture: Capture
    calls: list[str] = field(default_factory=list)  # withheld, with a result to come
    looked: bool = False  # the agent has looked into something ignored since a person last spoke
    ever: bool = False  # it has, in this log
    loose: bool = False  # the person's own command was withheld: what follows is its output
    cwd: str | None = None  # of the last event that named one

    @property
    def state(self) -> dict[str, Any]:
        """All that is needed to go on: JSON-ready, and without any name of what was left out."""
        found = {"calls": self.calls[-_REMEMBERED:], "looked": self.looked, "ever": self.ever, "loose": self.loose}
        return {name: value for name, value in found.items() if value}

    def kept(self, event: Event) -> Event:
        """`event` as it may be stored."""
        self.cwd = event.cwd or self.cwd
        loose, self.loose = self.loose, False
        if event.type is EventType.PROMPT and event.trust is Trust.HUMAN:
            self.looked = False
        if event.cwd is not None and self._is_closed(event.cwd):
            return self._withheld(replace(event, cwd=None))
        if event.type in _SPOKEN:
            kept = replace(event, text=self.without_names(event.text))
            return _blank(kept, words=False) if self._touches(event) else kept
        if event.type is EventType.REPLY:
            return _blank(event) if self.looked or self._named(event.text) else event
        if event.type is EventType.SUMMARY:
            return _blank(event) if self.ever or self._named(event.text) else event
        awaited = event.call in self.calls if event.call else loose and event.type is EventType.TOOL_RESULT
        if awaited or self._touches(event) or self._named(event.text):
            return self._withheld(event)
        return event

    def without_names(self, text: str) -> str:
        """`text` without the names of ignored paths."""
        for name in self._named(text):
            text = text.replace(name, IGNORED)
        return text

    def _withheld(self, event: Event) -> Event:
        self.looked = self.ever = True
        if event.type is EventType.TOOL_CALL and event.call:
            self.calls.append(event.call)
        self.loose = event.type is EventType.COMMAND
        return _blank(event)

    def _is_closed(self, cwd: str) -> bool:
        """A folder into which the session went that is ignored, or of a project that may not be read."""
        consent = self.capture.consent
        if consent.refused(Act.CAPTURE, "projects") and not consent.allows(
            Act.CAPTURE, project=self.capture.placing.project(cwd)
        ):
            return True
        return self.capture.ignored.whole(cwd) is not None

    def _touches(self, event: Event) -> bool:
        paths = dict.fromkeys((*event.paths, *(path for path, _, _ in event.edits)))
        if event.command:
            paths |= dict.fromkeys(self._in_command(event.command))
        return any(self._ignores(path) for path in paths)

    def _ignores(self, path: str) -> bool:
        return self.capture.ignored.ignores(path, self.cwd)

    def _in_command(self, command: str) -> Iterator[str]:
        """The paths that a command names, seen from every folder that it goes to."""
        folders = [self.cwd or ""]
        for one in _COMMANDS.split(command):
            words = [word for word in _words(one) if not re.fullmatch(r"[A-Za-z_]\w*=[^/.]*", word)]
            program = os.path.basename(words[0]) if words else ""
            for word in words:
                for name in filter(None, re.split(r"[=:@<>,]", word)):
                    if not re.search(r"[./~]", name) and (not _OF_FILES.fullmatch(program) or name == program):
                        continue
                    for folder in folders:
                        yield from _expanded(os.path.join(folder, os.path.expanduser(name)))
            if program in ("cd", "pushd") and len(words) > 1:
                folders.append(os.path.join(folders[-1], os.path.expanduser(words[-1])))

    def _named(self, text: str) -> Sequence[str]:
        """What in `text` looks like a path and is ignored, the longest first."""
        if not text or not self.capture.ignored.speaks_of(self.cwd):
            return ()
        found = []
        for name in dict.fromkeys(word.rstrip(".,") for word in _NAME.findall(text)):
            plain = name.lstrip("@")
            in_diff = plain[2:] if plain.startswith(("a/", "b/")) else plain
            if _PATH.search(in_diff) and any(self._ignores(one) for one in {plain, in_diff}):
                found.append(name)
        return sorted(found, key=len, reverse=True)


def _blank(event: Event, *, words: bool = True) -> Event:
    """That it happened, and how it ended; without its paths, its command, its edits and (`words`) what was said."""
    return replace(
        event,
        text=(IGNORED if event.text or event.command else "") if words else event.text,
        command=None,
        paths=(IGNORED,) if event.paths else (),
        edits=(),
        spans=(),
    )


def _words(command: str) -> list[str]:
    if not _QUOTED.search(command):
        return command.split()  # what shlex makes of it, a hundred times as fast
    try:
        return shlex.split(command)
    except ValueError:  # quotes that do not close: a heredoc, or a command that was split
        return command.replace('"', " ").replace("'", " ").split()


def _expanded(path: str) -> Iterator[str]:
    yield path
    if _GLOB.search(path):
        yield from islice(glob.iglob(path), _EXPANDED)
