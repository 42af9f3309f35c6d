"""The commit that a flake is at, from real repositories."""

from pathlib import Path

from nixtui.nix.revision import flake_revision
from tests.nix.test_commits import ENVIRON, commit, git, repository

__all__ = ["repository"]


async def test_a_commit_and_whether_files_differ_from_it(repository: Path) -> None:
    assert await flake_revision(".", repository, ENVIRON) is None, "no commit yet"
    (repository / "flake.nix").write_text("{ }")
    git(repository, "add", "flake.nix")
    head = commit(repository, "base")
    assert await flake_revision(".", repository, ENVIRON) == head
    assert await flake_revision(".?dir=hosts", repository, ENVIRON) == head
    (repository / "notes").write_text("not tracked, so nix does not see it")
    assert await flake_revision(".", repository, ENVIRON) == head
    (repository / "flake.nix").write_text("{ outputs = _: { }; }")
    assert await flake_revision(".", repository, ENVIRON) == f"{head}-dirty"
    git(repository, "add", "flake.nix")
    assert await flake_revision(".", repository, ENVIRON) == f"{head}-dirty", "what is staged is built as well"


async def test_without_a_repository_or_git_there_is_none(tmp_path: Path, repository: Path) -> None:
    assert await flake_revision(".", tmp_path / "gone", ENVIRON) is None
    commit(repository, "base")
    assert await flake_revision(".", repository, {"PATH": str(tmp_path)}) is None
    assert await flake_revision("github:nobody/nothing", tmp_path, {"PATH": str(tmp_path)}) is None


async def test_programs_that_the_repository_names_do_not_run(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (repository / "flake.nix").write_text("{ }")
    git(repository, "add", ".")
    commit(repository, "base")
    for key in ("filter.evil.clean", "diff.evil.command", "diff.evil.textconv", "core.fsmonitor"):
        git(repository, "config", key, f"touch {ran}; cat")
    (repository / "flake.nix").write_text("{ outputs = _: { }; }")
    found = await flake_revision(".", repository, ENVIRON)
    assert found is not None and found.endswith("-dirty")
    assert not ran.exists()
