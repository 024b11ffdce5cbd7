"""Which project a directory belongs to: the remote's name, else the repository's, else the directory's own."""

from pathlib import Path

import pytest

from memsrv.ignorefile import IgnoreFiles
from memsrv.project import identify, slug, without_credentials, worktree


def repository(folder: Path, *urls: tuple[str, str]) -> Path:
    (folder / ".git").mkdir(parents=True)
    text = "[core]\n\tbare = false\n" + "".join(
        f'[remote "{name}"]\n\turl = {url}\n\tfetch = +x\n' for name, url in urls
    )
    (folder / ".git" / "config").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(
    "url",
    ["git@github.com:Encode/httpx.git", "https://github.com/encode/httpx", "ssh://git@host:22/encode/httpx.git/"],
)
def test_the_remote_names_the_project_in_every_clone(tmp_path: Path, url: str) -> None:
    folder = repository(tmp_path / "my-copy", ("upstream", "https://x.org/other/thing"), ("origin", url))
    (folder / "src").mkdir()

    assert identify(str(folder)) == identify(str(folder / "src")) == "encode-httpx"


@pytest.mark.parametrize("end", ["", "/", "/acme/shop.git?access_token=9aK2mXq7Zt4RwB8c"])
@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_no_credential_of_a_remote_is_in_the_name(tmp_path: Path, scheme: str, end: str) -> None:
    folder = repository(tmp_path / "shop", ("origin", f"{scheme}://9aK2mXq7Zt4RwB8cLfY3:x-oauth-basic@github.com{end}"))

    assert identify(str(folder)) == ("acme-shop" if "acme" in end else "shop")


@pytest.mark.parametrize(
    "url",
    [
        "ana:s3cr3tTok@git.example.org/shop.git", "https:/ana:s3cr3tTok@git.example.org/shop.git",
        "https://ana:s3c/r3tTok@git.example.org/shop.git", "//ana:s3cr3tTok@git.example.org/shop.git",
        "svn2://u:s3cr3tTok@git.example.org/shop", "https:\\\\u:s3cr3tTok@git.example.org\\shop",
        "s3cr3tTok@git.example.org:shop",
        "https://s3cr3tTok@git.example.org/shop?private_token=s3cr3tTok",
    ],
)  # fmt: skip
def test_no_credential_of_an_address_that_is_none_is_in_the_name(url: str) -> None:
    assert "3tt" not in identify(None, url)
    assert "3tTok" not in without_credentials(url)


def test_a_worktree_belongs_to_its_repository(tmp_path: Path) -> None:
    main = repository(tmp_path / "shop")
    own = main / ".git" / "worktrees" / "fix"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n", "utf-8")
    tree = tmp_path / "elsewhere"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {own}\n", "utf-8")

    assert identify(str(tree)) == identify(str(main)) == "shop"


@pytest.mark.parametrize(
    ("cwd", "project"),
    [
        ("/Users/someone/dev/Web Shop", "web-shop"),
        ("/Users/someone/shop/.claude/worktrees/fix-1", "shop"),
        ("C:\\Users\\x\\repo", "repo"),
        ("/", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ("/a/../..", "unknown"),
        ("/nul\x00byte", "nul-byte"),
    ],
)
def test_a_directory_that_is_not_here_gives_its_own_name(cwd: str | None, project: str) -> None:
    assert identify(cwd) == project


@pytest.mark.parametrize("name", ["../../etc", "a/b\\c", "…", "CON ", "x" * 300, "-rf"])
def test_a_slug_is_fit_for_a_folders_name(name: str) -> None:
    made = slug(name)

    assert made
    assert len(made) <= 80
    assert not set(made) & set("/\\: ")
    assert not made.startswith((".", "-"))


@pytest.mark.parametrize("cwd", ["src", ".", "C:\\work\\src"])
def test_a_log_that_names_no_whole_path_is_not_of_the_project_that_memsrv_runs_in(
    cwd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = repository(tmp_path / "here", ("origin", "https://github.com/acme/shop"))
    (here / "src").mkdir()
    (here / ".memsrvignore").write_text("*\n", "utf-8")
    monkeypatch.chdir(here)
    ignored = IgnoreFiles(tmp_path / "home")

    assert identify(cwd) != "acme-shop"
    assert worktree(cwd) is None
    assert ignored.whole(cwd) is None
    assert not ignored.ignores("notes.md", cwd)
    assert ignored.ignores("notes.md", str(here / "src"))


def test_a_log_that_names_no_whole_path_is_read_from_within_a_worktree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = repository(tmp_path / "main")
    own = main / ".git" / "worktrees" / "side"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n", "utf-8")
    side = tmp_path / "side"
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {own}\n", "utf-8")
    monkeypatch.chdir(side)

    assert IgnoreFiles(tmp_path / "home").whole("C:\\work\\src") is None
