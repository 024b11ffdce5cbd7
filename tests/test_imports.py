"""What a process may load: the server never the training stack, the status line nothing but the standard library."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "safetensors")


def loaded_by(code: str) -> set[str]:
    """The top-level modules in memory after `code` ran in a fresh interpreter."""
    program = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


def test_the_cli_loads_nothing_of_the_training_stack() -> None:
    assert loaded_by("import memsrv.cli").isdisjoint(HEAVY)


def test_the_store_loads_neither_pandas_nor_numpy_and_whoever_wants_them_later_gets_them() -> None:
    assert loaded_by("import memsrv.cli, memsrv.store").isdisjoint({"pandas", "numpy"})
    assert {"pandas", "numpy"} <= loaded_by("import memsrv.store, pandas")


def test_the_mcp_server_loads_nothing_of_the_training_stack() -> None:
    assert loaded_by("import memsrv.app, memsrv.mcp").isdisjoint(HEAVY)


def test_a_command_does_not_load_the_mcp_sdk() -> None:
    assert "mcp" not in loaded_by("import memsrv.cli")


def test_the_statusline_loads_only_the_standard_library() -> None:
    bare = loaded_by("pass")
    line = loaded_by("sys.argv = ['memsrv', 'statusline']\nfrom memsrv.__main__ import main\nmain()")

    assert line - bare - sys.stdlib_module_names == {"memsrv"}
