"""Words that somebody else wrote, as a terminal gets them: they move no cursor, and read as they stand."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J bell\x07 \x08\x08 \rover \u202efdp.exe\u202c \x1b]8;;http://x\x1b\\link"
)
FOUND = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A home that has read a session whose every part is hostile: words, command, title, branch, file name."""
    folder = tmp_path / "claude" / "projects" / "-shop"
    folder.mkdir(parents=True)
    (tmp_path / "shop").mkdir()
    shared = {"sessionId": "s", "cwd": str(tmp_path / "shop"), "version": "2.1.30", "gitBranch": f"b{HOSTILE}"}
    asked = f"Always use snake_case for JSON fields. Then look at the zebra {HOSTILE} please."
    ran = {"type": "tool_use", "id": "c", "name": "Bash", "input": {"command": f"zebra {HOSTILE}"}}
    lines = [
        {**shared, "type": "user", "uuid": "u0", "parentUuid": None, "timestamp": "2026-11-20T10:00:00.000Z",
         "message": {"role": "user", "content": asked}},
        {**shared, "type": "assistant", "uuid": "u1", "parentUuid": "u0", "timestamp": "2026-11-20T10:00:01.000Z",
         "message": {"id": "m", "role": "assistant", "content": [{"type": "text", "text": f"zebra {HOSTILE}"}, ran]}},
        {"type": "custom-title", "customTitle": f"A title {HOSTILE}", "sessionId": "s"},
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"broken \x1b[31m\n'
    (folder / "s\x1b[31m.jsonl").write_text(text, "utf-8")
    memsrv(tmp_path, "ingest")
    return tmp_path


def memsrv(root: Path, *arguments: str) -> str:
    """All that the command wrote, to either stream."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "memsrv", *arguments],
        env={**os.environ, "MEMSRV_HOME": str(root / "home"), "CLAUDE_CONFIG_DIR": str(root / "claude")},
        cwd=root / "shop",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="its file names hold no control character")
def test_nothing_in_anybodys_words_reaches_a_terminal_as_a_command(spoken: Path) -> None:
    commands = (
        ("search", "zebra"), ("save", f"The port of {HOSTILE} is 99.", "--kind", "episodic"), ("memories",),
        ("show", "u1#1"), ("show", f"no such {HOSTILE}"), ("compact",), ("recover",), ("status",),
    )  # fmt: skip

    said = {" ".join(command): memsrv(spoken, *command) for command in commands}

    assert {command: FOUND.findall(text) for command, text in said.items() if FOUND.search(text)} == {}
    assert "zebra" in said["search zebra"]
