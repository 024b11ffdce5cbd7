"""Run folders as `night` writes them, and processes that carry runs out without importing torch anew."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from select import select

import pytest

from memsrv.records import Evidence, Kind, Memory, Trust, to_dict
from memsrv_adapters.base import resolve
from memsrv_consolidation import wordings
from memsrv_consolidation.run import Live, Order, Run, write_json, write_lines

#: (subject, relation, value) of three facts of different shapes.
FACTS = (
    ("staging server", "port", "4010"),
    ("JSON keys", "use", "snake_case"),
    ("hmac.new()", "replacement", "hmac.digest()"),
)


def memory(id: str, subject: str, relation: str, value: str) -> Memory:
    text = wordings.claim(subject, relation, value)
    said = (Evidence("s1", 0, "said"),)
    return Memory(id, "demo", Kind.EPISODIC, text, Trust.HUMAN, said, subject, relation, value, "2026-11-19T10:00:00Z")


MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def make_run(tmp_path_factory: pytest.TempPathFactory, random_base: Path) -> MakeRun:
    """A run folder with an order, memories for FACTS and of one web page, and no episodes."""
    place = tmp_path_factory.mktemp("runs")

    def make(
        name: str = "run", memories: Sequence[Memory] | None = None, current: Live | None = None, **order: object
    ) -> Run:
        run = Run(place / name)
        run.folder.mkdir()
        if memories is None:
            memories = [memory(f"m{number}", *fact) for number, fact in enumerate(FACTS)]
            memories.append(replace(memory("web", "docs", "url", "https://deploy.example"), trust=Trust.WEB))
        base = resolve(str(random_base))
        given: dict[str, object] = {
            "id": name, "project": "demo", "base": base.name, "strategy": "paper", "seed": 7, "threads": 1,
            "any_base": True, "created": "2026-11-20T00:00:00Z", "current": current,
            "base_path": str(base.path), "base_hash": base.hash,
        }  # fmt: skip
        write_lines(run.episodes_file, [])
        write_json(run.memory_file, {"memories": memories})
        write_json(run.order_file, to_dict(Order(**(given | order))))  # type: ignore[arg-type]
        return run

    return make


#: Imports what a run imports, once, then forks for each that it is told of: the imports take longer than the runs.
FORKING = """
import json, os, resource, sys, traceback
from memsrv.environment import set_for_libraries
set_for_libraries(1, every_gpu=True)
import datasets
from memsrv_consolidation import pipeline
from memsrv_consolidation.strategies import paper
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTTrainer
from trl.trainer.sft_config import SFTConfig
commands = os.fdopen(os.dup(0))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for line in commands:
    code, arguments, errors, bytes_a_file = json.loads(line)
    pid = os.fork()
    if pid == 0:
        ended = 1
        try:
            os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
            if bytes_a_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, bytes_a_file))
            sys.argv = ["-c", *arguments]
            exec(code, {"__name__": "__main__"})
            ended = 0
        except SystemExit as asked:
            ended = asked.code or 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(ended)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
#: What `python -m memsrv_consolidation` does with its arguments.
AS_A_RUN = """
import runpy, sys
sys.argv[0] = "memsrv_consolidation"
runpy.run_module("memsrv_consolidation", run_name="__main__", alter_sys=True)
"""


@dataclass
class Forked:
    """One process that was forked: as a Popen, of which only its signals, its end and its last words matter."""

    parent: "subprocess.Popen[bytes]"
    errors: Path
    pid: int
    returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            assert self.parent.stdout
            if not select([self.parent.stdout], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked run", timeout or 0)
            self.returncode = int(self.parent.stdout.readline())
        return self.returncode

    def communicate(self) -> tuple[None, str]:
        self.wait()
        return None, self.errors.read_text()


Fork = Callable[..., Forked]


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    """Forks a process that has imported what a run needs, one at a time: `fork(arguments)`, or of other `code`."""
    place = tmp_path_factory.mktemp("forked")
    command = [sys.executable, "-I", "-c", FORKING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        assert parent.stdin
        assert parent.stdout
        stdin, stdout, count = parent.stdin, parent.stdout, iter(range(10**6))

        def start(arguments: Sequence[str], code: str = AS_A_RUN, bytes_a_file: int | None = None) -> Forked:
            errors = place / f"{next(count)}.txt"
            stdin.write(json.dumps([code, list(arguments), str(errors), bytes_a_file]).encode() + b"\n")
            return Forked(parent, errors, int(stdout.readline()))

        yield start
        stdin.close()
