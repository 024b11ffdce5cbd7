"""Ctrl-C anywhere in the demo leaves nothing running: a real demo, a real signal, and a look at every process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

Demo = subprocess.Popen[str]

#: A shell shows both as 130. CPython ends itself by the signal where Ctrl-C fell into the `exec` of a dataclass that
#: was being made, however well the interrupt was taken care of (`_Py_UnhandledKeyboardInterrupt`, until 3.12).
ENDED_BY_CTRL_C = (130, -signal.SIGINT)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@pytest.fixture
def demo(home: Path) -> Iterator[Demo]:
    """As a terminal starts it: the leader of a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "memsrv", "demo", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    for left in _of(home):
        left.kill()
    process.wait()


def _of(home: Path) -> list[psutil.Process]:
    """Every process that works on `home`, by its command line or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("MEMSRV_HOME", "")]
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if any(str(home) in word for word in words):
            found.append(process)
    return found


def _until(demo: Demo, sign: str) -> None:
    """Read what the demo prints until `sign` comes by."""
    assert demo.stdout is not None
    seen = []
    for line in demo.stdout:
        seen.append(line)
        if sign in line:
            return
    pytest.fail(f"the demo ended before it said {sign!r}:\n{''.join(seen)}")


def _has_a_server(demo: Demo) -> bool:
    """It asks, in a process of its own: before, modules are still being imported, and Python itself may end there."""
    return any("serve" in child.cmdline() for child in psutil.Process(demo.pid).children())


def _interrupt_alone(demo: Demo) -> None:
    demo.send_signal(signal.SIGINT)


def _interrupt_the_group(demo: Demo) -> None:
    os.killpg(demo.pid, signal.SIGINT)


@pytest.mark.parametrize(
    ("sign", "interrupt"),
    [
        ("A question over MCP", _interrupt_alone),
        ("train …", _interrupt_the_group),
        ("train …", _interrupt_alone),
    ],
    ids=["while asking over MCP", "while training, from a terminal", "while training, by kill"],
)
def test_an_interrupted_demo_leaves_nothing_running(
    demo: Demo, home: Path, sign: str, interrupt: Callable[[Demo], None]
) -> None:
    _until(demo, sign)
    while "MCP" in sign and not _has_a_server(demo):
        assert demo.poll() is None, "the demo ended before it asked"

    interrupt(demo)
    output, _ = demo.communicate()

    assert demo.returncode in ENDED_BY_CTRL_C, output
    assert "Traceback" not in output
    assert _of(home) == []
