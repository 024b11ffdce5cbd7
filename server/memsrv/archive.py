"""One file that holds many: a gzipped tar whose last member lists the sha256 of all others, so half of one is none.

Reading trusts nothing: only names that were asked for, plain files, sizes that fit the disk. tar and gzip because the
standard library reads and writes them, and every system opens them. Knows nothing of what the members mean.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from memsrv.errors import BackupRefused

MANIFEST = "manifest.json"

#: Members and bytes beyond which a file is no archive of ours: a database seldom shrinks to a twentieth.
_MEMBERS = 100_000
_RATIO = 200
_MANIFEST_BYTES = 32 << 20
_PIECE = 1 << 20


def pack(members: Iterable[tuple[str, Path]], about: Mapping[str, Any], to: Path) -> None:
    """Write `members` (name, file) and the manifest, `about` with their hashes, to `to`: whole or not at all, 0600."""
    descriptor, part = tempfile.mkstemp(dir=to.parent, prefix=f".part-{to.name}-")
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as tar:
                files = {}
                for name, file in members:
                    with file.open("rb") as opened:
                        hashed = _Hashed(opened)
                        entry = _entry(name, os.fstat(opened.fileno()).st_size)
                        tar.addfile(entry, hashed)
                        files[name] = {"sha256": hashed.digest(), "size": entry.size}
                manifest = json.dumps({**about, "files": files}, indent=1).encode() + b"\n"
                tar.addfile(_entry(MANIFEST, len(manifest)), io.BytesIO(manifest))
            raw.flush()
            os.fsync(raw.fileno())
        Path(part).replace(to)
    except BaseException as error:
        Path(part).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(to)  # a full disk does not say of which file
        raise


def unpack(archive: Path, into: Path, allowed: re.Pattern[str]) -> dict[str, Any]:
    """Write the members of `archive` whose names match `allowed` below the empty folder `into`: its manifest.

    BackupRefused where anything else is in it, a hash does not hold, or it would not fit; `into` may then hold some.
    """
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    room = min(shutil.disk_usage(into).free, _RATIO * archive.stat().st_size + _PIECE)
    try:
        with (
            gzip.open(archive) as unzipped,
            tarfile.open(fileobj=_Sipped(unzipped, archive), mode="r:") as tar,  # type: ignore[call-overload]
        ):
            for member in tar:
                if manifest is not None or len(found) >= _MEMBERS:
                    raise BackupRefused(f"{archive} has more in it than its manifest; it was not made by memsrv")
                # A sparse member may claim any size for no bytes.
                if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
                    raise BackupRefused(f"{archive} holds {member.name[:80]!r}, which is no plain file; it is refused")
                opened = tar.extractfile(member)
                if opened is None:
                    raise BackupRefused(f"{archive} holds {member.name[:80]!r}, which cannot be read; it is refused")
                if member.name == MANIFEST:
                    manifest = _manifest(archive, opened.read(_MANIFEST_BYTES))
                    continue
                if not allowed.fullmatch(member.name) or member.name in found:
                    raise BackupRefused(f"{archive} holds {member.name[:80]!r}, which no backup holds; it is refused")
                room -= member.size
                if room < 0:
                    raise BackupRefused(f"{archive} would unpack to more than the disk has room for; free some space")
                found[member.name] = {"sha256": _extract(opened, into / member.name), "size": member.size}
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's complaint, not the archive's
        raise BackupRefused(f"{archive} is damaged or cut short ({error}); use another backup") from error
    if manifest is None or manifest.get("files") != found:
        raise BackupRefused(f"{archive} is damaged or cut short: its files are not those it lists; use another backup")
    return manifest


class _Sipped:
    """What tarfile reads from, in sips: it takes the headers of long names into memory whole, however long they say."""

    def __init__(self, source: gzip.GzipFile, archive: Path) -> None:
        self._source, self._archive = source, archive
        self.tell, self.seek = source.tell, source.seek

    def read(self, size: int) -> bytes:
        if size > _MANIFEST_BYTES + _PIECE:
            raise BackupRefused(f"{self._archive} has a header that the memory has no room for; it is refused")
        return self._source.read(size)


class _Hashed(io.RawIOBase):
    """Reads on, and hashes what was read: the file is read once."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._hash.update(piece)
        return piece

    def digest(self) -> str:
        return self._hash.hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _manifest(archive: Path, data: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BackupRefused(f"{archive} is damaged: its manifest is not JSON; use another backup") from error
    if not isinstance(manifest, dict):
        raise BackupRefused(f"{archive} is damaged: its manifest is not a JSON object; use another backup")
    return manifest


def _extract(source: IO[bytes], to: Path) -> str:
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashed = _Hashed(source)
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(hashed, file, _PIECE)
        file.flush()
        os.fsync(file.fileno())
    return hashed.digest()
