"""Commits between two configuration revisions, from real repositories, some of which mean no good."""

import os
import subprocess
from pathlib import Path

import pytest

from nixtui.demo.repository import Repository
from nixtui.model.commit import commit_id, is_dirty
from nixtui.nix.commits import MOST, candidates, commits_between

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def git(place: Path, *words: str) -> str:
    environ = {**ENVIRON, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=me", "-c", "user.email=me@here", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *identity, *words], cwd=place, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(place: Path, subject: str) -> str:
    git(place, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", subject)
    return git(place, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "infra"
    place.mkdir()
    git(place, "init", "--quiet")
    return place


async def test_what_is_undone_and_what_is_added_newest_first(repository: Path) -> None:
    old, _, new = (commit(repository, subject) for subject in ("base", "bump openssl", "nginx: http3"))
    back = await commits_between(new, old, [repository], ENVIRON)
    assert [each.subject for each in back.undone] == ["nginx: http3", "bump openssl"]
    assert (back.added, back.unknown, back.more) == ((), None, False)
    there = await commits_between(old, new[:12], [repository], ENVIRON)
    assert [each.subject for each in there.added] == ["nginx: http3", "bump openssl"]
    assert there.undone == ()
    assert there.added[0].revision == new
    assert there.added[0].at is not None


async def test_of_two_branches_both_sides_are_told(repository: Path) -> None:
    commit(repository, "base")
    git(repository, "branch", "other")
    ours = commit(repository, "ours")
    git(repository, "checkout", "--quiet", "other")
    theirs = commit(repository, "theirs")
    found = await commits_between(ours, theirs, [repository], ENVIRON)
    assert [each.subject for each in found.undone] == ["ours"]
    assert [each.subject for each in found.added] == ["theirs"]


async def test_a_working_tree_with_changes_is_said(repository: Path) -> None:
    old, new = commit(repository, "a"), commit(repository, "b")
    found = await commits_between(f"{old}-dirty", new, [repository], ENVIRON)
    assert [each.subject for each in found.added] == ["b"]
    assert found.dirty == (f"{old}-dirty",)


@pytest.mark.parametrize(
    ("revision", "says"),
    [
        (None, "does not say which revision"),
        ("--output=/tmp/pwned", "is no commit id"),
        ("HEAD", "is no commit id"),
        ("main; touch pwned", "is no commit id"),
        ("98fe21c4d0aa17b1c0de98fe21c0de44d0aa17b1", "revision 98fe21c4 is not in the repository infra"),
    ],
)
async def test_what_is_no_revision_of_it_is_unknown(repository: Path, revision: str | None, says: str) -> None:
    known = commit(repository, "a")
    found = await commits_between(revision, known, [repository], ENVIRON)
    assert says in (found.unknown or "")
    assert (found.undone, found.added) == ((), ())


async def test_a_missing_repository_and_a_missing_git_are_unknown(repository: Path, tmp_path: Path) -> None:
    one, two = commit(repository, "a"), commit(repository, "b")
    nowhere = await commits_between(one, two, [tmp_path / "gone", tmp_path], {**ENVIRON, "GIT_DIR": str(repository)})
    assert nowhere.unknown == "there is no git repository of the flake here"
    without = await commits_between(one, two, [repository], {"PATH": str(tmp_path)})
    assert without.unknown == "git is not installed here"


async def test_a_hostile_repository_runs_nothing(repository: Path, tmp_path: Path) -> None:
    one, two = commit(repository, "a"), commit(repository, "b")
    mark = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\n")
    evil.chmod(0o755)
    for setting in ("core.fsmonitor", "core.pager", "gpg.program", "core.sshCommand", "pager.log", "log.showSignature"):
        git(repository, "config", setting, "true" if setting == "log.showSignature" else str(evil))
    for hook in ("post-index-change", "reference-transaction"):
        (repository / ".git/hooks").mkdir(exist_ok=True)
        (repository / f".git/hooks/{hook}").symlink_to(evil)
    found = await commits_between(one, two, [repository], {**ENVIRON, "GIT_EXTERNAL_DIFF": str(evil)})
    assert [each.subject for each in found.added] == ["b"]
    assert not mark.exists()


async def test_hostile_subjects_and_many_commits_are_bounded(repository: Path) -> None:
    old = commit(repository, "base")
    commit(repository, "\x1b[2J\x1f0\x1f evil " + "x" * 5000)
    new = commit(repository, "")
    found = await commits_between(old, new, [repository], ENVIRON)
    assert len(found.added) == 2
    assert all(len(each.subject) <= 300 for each in found.added)
    assert found.added[0].subject == ""
    many = Repository()
    first = many.commit(["begin"], 1_700_000_000.0)
    last = many.commit([f"change {number}" for number in range(MOST + 20)], 1_790_000_000.0)
    many.write(repository.parent / "many")
    bounded = await commits_between(first, last, [repository.parent / "many"], ENVIRON)
    assert (len(bounded.added), bounded.more) == (MOST, True)


def test_the_repository_is_where_the_flake_is(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    cwd = Path("/work")
    for reference in ("./infra", "infra", "path:./infra", f"git+file://{tmp_path}/infra?ref=main", f"{tmp_path}/infra"):
        assert candidates(reference, tmp_path, cwd, {})[0] == tmp_path / "infra", reference
    assert candidates("github:shop/infra", tmp_path, cwd, {}) == (tmp_path, cwd)
    assert candidates(None, tmp_path, tmp_path, {}) == (tmp_path,)


def test_only_ids_of_commits_are_given_to_git() -> None:
    assert commit_id("98fe21c4d0-dirty") == "98fe21c4d0"
    assert is_dirty("98fe21c4d0-dirty")
    for text in ("98fe", "98FE21C4", "dirty", "-98fe21c4", "98fe21c4\n", "98fe21c4^{/x}", "", None):
        assert commit_id(text) is None, text


def test_the_repository_of_the_demo_is_a_real_one(tmp_path: Path) -> None:
    made = Repository()
    head = made.commit(["one", "two"], 1_790_000_000.0)
    made.write(tmp_path / "infra")
    assert git(tmp_path / "infra", "log", "--format=%H %s", "-1") == f"{head} two"
    assert git(tmp_path / "infra", "fsck", "--strict") == ""
    assert git(tmp_path / "infra", "ls-tree", "--name-only", "HEAD") == "flake.nix\nfleet.nix"
