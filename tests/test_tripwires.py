"""The tripwires of conftest.py really trip."""

import os
import pwd
import socket
from pathlib import Path

import pytest

from memsrv import sources
from memsrv.environment import open_home


def test_a_test_cannot_reach_beyond_loopback() -> None:
    with socket.socket() as stranger, pytest.raises(RuntimeError, match="only loopback"):
        stranger.connect(("203.0.113.7", 80))


def test_a_test_cannot_read_the_real_home() -> None:
    real = Path(pwd.getpwuid(os.getuid()).pw_dir)

    with pytest.raises(RuntimeError, match="belongs to the person"):
        (real / ".claude" / "history.jsonl").open()


def test_the_default_places_are_private_to_the_run() -> None:
    assert "memsrv-tests-" in str(open_home().root)
    assert "memsrv-tests-" in str(sources.folders()["claude-code"][0])
