"""What a prompt of Aider's is: the human's words, a command of theirs, or words that Aider put under their name.

Aider writes everything that it sends to the model on its own account as if the human had typed it: lint errors, pages
of its help, the plan of an architect. Knows no lines.
"""

import re
from dataclasses import dataclass
from typing import Literal


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES = _words(
    """
    add add-clipboard-image architect ask chat-mode clear clipboard code commit context copy copy-context diff drop edit
    editor editor-model exit git help lint load ls map map-refresh model models multiline-mode ok paste quit read-only
    reasoning-effort report reset run save settings test think-tokens tokens undo voice weak-model web
    """
)
#: Whose argument is a request to the model. Aider writes it again as a prompt of its own.
_SPEAKING = frozenset(("architect", "ask", "code", "context", "help", "ok"))
#: That run a program.
_RUNNING = frozenset(("git", "lint", "run", "test"))
#: That change the work; all others steer the program.
_WORKING = frozenset(("add", "commit", "drop", "read-only", "undo", "web"))
_SLASH = re.compile(r"/([a-z][a-z-]*)(?:\s+(.*))?\Z", re.DOTALL)

_HELP = re.compile(r"# Question: .*?\n# (?:Relevant docs|Announcement)", re.DOTALL)
_LINT = "# Fix any errors below, if possible."
_RAN = "I ran this command:"
_COMMENTS = ("I've written your instructions in comments in the code", 'The "ai" comments below')


@dataclass(frozen=True, slots=True)
class Typed:
    """`speaks` of the human's words, `ran` of a program that they ran, `lint` and `file` of what Aider added."""

    kind: Literal["speaks", "command", "ran", "lint", "file", "nothing"]
    text: str = ""
    name: str = ""  # the command's, in full
    command: str | None = None  # of `ran`
    paths: tuple[str, ...] = ()


NOTHING = Typed("nothing")


def typed(text: str) -> Typed:
    """What a prompt is, by its words alone."""
    if text in ("", "<blank>") or _HELP.match(text) or text.startswith(_RAN):
        return NOTHING
    if text.startswith(_LINT):
        return Typed("lint", text.removeprefix(_LINT).strip())
    if text.startswith(_COMMENTS):
        return Typed("file", text)
    if text.startswith("!") and text.strip("! "):
        return Typed("ran", name="run", command=text[1:].strip())
    slash = _SLASH.match(text)
    return _slash(text, slash[1], (slash[2] or "").strip()) if slash else Typed("speaks", text)


def _slash(text: str, given: str, rest: str) -> Typed:
    name = _in_full(given)
    if name in _SPEAKING:
        return Typed("speaks", rest, name=name) if rest else NOTHING
    if name in _RUNNING:
        command = f"git {rest}" if name == "git" else rest
        return Typed("ran", text if not rest else "", name=name, command=command or None)
    if name in _WORKING:
        paths = tuple(rest.split()) if name in ("add", "drop", "read-only") else ()
        return Typed("command", text, name=name, paths=paths)
    if name or "/" in given:
        return NOTHING
    return Typed("command", text) if rest else NOTHING


def _in_full(given: str) -> str:
    """The command that `given` means: Aider takes any beginning of a name that is unique."""
    if given in _NAMES:
        return given
    fitting = [name for name in _NAMES if name.startswith(given)]
    return fitting[0] if len(fitting) == 1 else ""
