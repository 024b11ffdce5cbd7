"""Where VS Code, and the editors that were made from it, keep what their users do: one `User` folder each.

Looks at no file.
"""

from collections.abc import Iterator
from pathlib import Path

from memsrv.sources.machine import Machine

VSCODE = ("Code", "Code - Insiders", "VSCodium", "VSCodium - Insiders", "Code - OSS")
FORKS = ("Cursor", "Windsurf", "Windsurf - Next", "Trae", "Kiro", "Antigravity", "Positron", "Void")
_VSCODE_SERVERS = (".vscode-server", ".vscode-server-insiders", ".vscode-remote", ".vscodium-server")
_FORKS_SERVERS = (".cursor-server", ".windsurf-server", ".trae-server", ".antigravity-server")


def users(machine: Machine, *, forks: bool) -> Iterator[Path]:
    """The `User` folders on this machine: of the desktop programs, and of the servers that remote windows work on."""
    portable = machine.environment.get("VSCODE_PORTABLE")
    if portable:
        yield Path(portable) / "user-data" / "User"
    for program in (*VSCODE, *(FORKS if forks else ())):
        yield machine.configuration(program) / "User"
    for server in (*_VSCODE_SERVERS, *(_FORKS_SERVERS if forks else ())):
        yield machine.home / server / "data" / "User"
    for program in ("code-server", "openvscode-server"):
        yield machine.data(program) / "User"
