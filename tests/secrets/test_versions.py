"""History and merge with real git: every key is told, no value is, and nothing of either side gets lost."""

import json
import shutil
from pathlib import Path

import pytest

from nixtui.secrets.edit import Drop, Edit, Put
from nixtui.secrets.editing import save
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.history import What, history
from nixtui.secrets.merging import Side, read_merge, save_merge
from nixtui.secrets.secret import Secret
from nixtui.secrets.versions import sides_in_markers
from tests.secrets.conftest import Repo, run
from tests.secrets.test_command import secrets

PLAIN = """\
# the database
db:
    password: hunter2
    user: shop
    old: gone-soon
hosts:
    - one
    - two
clear_unencrypted: seen
"""


def git(repo: Repo, *words: str, check: bool = True) -> str:
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    return run("git", "-C", repo.root, *names, *words, check=check).decode()


def commit(repo: Repo, subject: str) -> None:
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", subject)


@pytest.fixture
def versioned(repo: Repo) -> Repo:
    shutil.rmtree(repo.root / ".git")
    git(repo, "init", "-q", "-b", "main")
    (repo.root / ".sops.yaml").write_text(f"keys:\n- &me {repo.me.public}\ncreation_rules:\n- age: *me\n")
    repo.encrypt("a.yaml", PLAIN)
    commit(repo, "first")
    return repo


async def change(repo: Repo, *edits: Edit, name: str = "a.yaml") -> None:
    await save(await repo.runner(), repo.root / name, name, edits, allowed=("replace", "type"))


async def test_history_says_which_commit_did_what_to_which_key(versioned: Repo) -> None:
    await change(versioned, Put(("db", "password"), Secret("a much longer one")), Drop(("db", "old")))
    commit(versioned, "rotate the password\x1b[31m")
    versioned.sops("rotate", "-i", "a.yaml")
    commit(versioned, "new data key")
    git(versioned, "mv", "a.yaml", "b.yaml")
    commit(versioned, "another name")
    await change(versioned, Put(("db", "new"), Secret("x")), name="b.yaml")
    commit(versioned, "a new one")
    runner, path = await versioned.runner(), versioned.root / "b.yaml"
    found = await history(runner, path, "b.yaml")
    assert [each.subject for each in found] == [
        "a new one", "another name", "new data key", "rotate the password\\u001B[31m", "first",
    ]  # fmt: skip
    assert all(each.author == "Ada" and each.at > 0 and each.problem is None for each in found)
    assert [len(each.changes) for each in found] == [1, 0, 0, 2, 5]
    changed, removed = found[3].changes
    assert (changed.path, changed.what, changed.before, changed.after) == (
        ("db", "password"), What.CHANGED, "str short", "str medium",
    )  # fmt: skip
    assert (removed.path, removed.what) == (("db", "old"), What.REMOVED)
    only = await history(runner, path, "b.yaml", ("db", "password"))
    assert [each.subject for each in only] == ["rotate the password\\u001B[31m", "first"]


async def test_without_a_key_history_says_what_it_cannot_know(versioned: Repo) -> None:
    await change(versioned, Put(("db", "password"), Secret("another")), Drop(("db", "old")))
    commit(versioned, "second")
    found = await history(await versioned.runner(versioned.other), versioned.root / "a.yaml", "a.yaml")
    assert found[0].problem is not None and "none of your keys" in found[0].problem
    changed, removed = found[0].changes
    assert changed.path == ("db", "password") and not changed.is_certain
    assert removed.what is What.REMOVED and removed.is_certain


async def test_plaintext_in_history_is_told(versioned: Repo) -> None:
    (versioned.root / "p.yaml").write_text("a: secret\n")
    commit(versioned, "oops")
    versioned.sops("encrypt", "-i", "p.yaml")
    commit(versioned, "encrypted")
    found = await history(await versioned.runner(), versioned.root / "p.yaml", "p.yaml")
    assert found[1].problem == "in this version the file is not encrypted: git has it in plaintext"


def test_history_on_the_command_line(versioned: Repo) -> None:
    assert secrets(versioned, "set", "a.yaml", "db/password", stdin=b"zebra-crossing").returncode == 0
    commit(versioned, "rotate")
    done = secrets(versioned, "history", "a.yaml", "db/password")
    assert done.returncode == 0 and "changed  db/password (str short → str medium)" in done.stdout, done.stdout
    (newest, _) = json.loads(secrets(versioned, "history", "a.yaml", "db/password", "--json").stdout)
    assert newest["subject"] == "rotate" and newest["keys"][0]["change"] == "changed"
    assert "zebra" not in done.stdout + done.stderr + str(newest)


def test_history_without_git(repo: Repo) -> None:
    repo.encrypt("a.yaml", PLAIN)
    done = secrets(repo, "history", "a.yaml")
    assert done.returncode == 1 and "git has no history of it here" in done.stderr


async def branches(repo: Repo, ours: list[Edit], theirs: list[Edit]) -> Path:
    """A merge that has stopped: git cannot merge, as both have another MAC."""
    git(repo, "checkout", "-q", "-b", "theirs")
    await change(repo, *theirs)
    commit(repo, "theirs")
    git(repo, "checkout", "-q", "main")
    await change(repo, *ours)
    commit(repo, "ours")
    said = git(repo, "merge", "theirs", check=False)
    assert "CONFLICT" in said
    return repo.root / "a.yaml"


OURS: list[Edit] = [
    Put(("db", "password"), Secret("ours")),
    Put(("db", "mine"), Secret("m")),
    Put(("same",), Secret("s")),
]
THEIRS: list[Edit] = [
    Put(("db", "user"), Secret("theirs")), Drop(("db", "old")), Put(("hosts", 2), Secret("three")),
    Put(("yours",), Secret("y")), Put(("same",), Secret("s")),
]  # fmt: skip
MERGED = {
    "db": {"password": "ours", "user": "theirs", "mine": "m"},
    "hosts": ["one", "two", "three"],
    "clear_unencrypted": "seen",
    "same": "s",
    "yours": "y",
}


@pytest.mark.parametrize("source", ["index", "heads"])
async def test_what_only_one_side_changed_is_taken_from_it(versioned: Repo, source: str) -> None:
    path = await branches(versioned, OURS, THEIRS)
    if source == "heads":
        git(versioned, "add", "a.yaml")  # as people do who have not seen the markers
    runner = await versioned.runner()
    merge = await read_merge(runner, path, "a.yaml")
    assert merge.conflicts == () and not merge.from_markers
    await save_merge(runner, merge, {})
    assert versioned.plain(path) == MERGED


@pytest.mark.parametrize("style", ["merge", "diff3"])
async def test_with_nothing_but_markers_every_difference_is_asked(versioned: Repo, style: str) -> None:
    git(versioned, "config", "merge.conflictStyle", style)
    path = await branches(versioned, OURS, THEIRS)
    git(versioned, "add", "a.yaml")
    git(versioned, "commit", "-q", "-m", "with the markers in it")
    runner = await versioned.runner()
    merge = await read_merge(runner, path, "a.yaml")
    assert merge.from_markers
    wanted = {each.path: Side.OURS if each.path[-1] in ("password", "mine") else Side.THEIRS for each in merge.keys}
    if style == "merge":
        assert {each.path for each in merge.conflicts} == {each.path for each in merge.keys}
    await save_merge(runner, merge, wanted)
    assert versioned.plain(path) == MERGED


async def test_what_both_changed_is_decided_and_until_then_nothing_is_written(versioned: Repo) -> None:
    both: tuple[list[Edit], list[Edit]] = (
        [Put(("db", "password"), Secret("ours")), Drop(("db", "user"))],
        [Put(("db", "password"), Secret("their longer one")), Put(("db", "user"), Secret("theirs"))],
    )
    path = await branches(versioned, *both)
    before, runner = path.read_bytes(), await versioned.runner()
    merge = await read_merge(runner, path, "a.yaml")
    assert [(each.path[-1], each.base, each.ours, each.theirs) for each in merge.conflicts] == [
        ("password", "str short", "str short", "str medium"),
        ("user", "str short", None, "str short"),
    ]
    assert "their longer one" not in repr(merge)
    with pytest.raises(SecretsError, match="both sides changed db/user") as caught:
        await save_merge(runner, merge, {("db", "password"): Side.THEIRS})
    assert caught.value.trouble is Trouble.GUARDED and path.read_bytes() == before
    change = await save_merge(runner, merge, {("db", "password"): Side.THEIRS, ("db", "user"): Side.OURS})
    assert versioned.plain(path)["db"] == {"password": "their longer one", "old": "gone-soon"}
    assert change.before == before and list(versioned.root.glob(".nixtui*")) == []


async def test_a_value_that_became_a_map(versioned: Repo) -> None:
    path = await branches(
        versioned,
        [Put(("db", "password"), Secret("ours"))],
        [Put(("db", "user"), Secret('{"name": "n"}'), typed=True)],
    )
    merge = await read_merge(await versioned.runner(), path, "a.yaml")
    await save_merge(await versioned.runner(), merge, {})
    assert versioned.plain(path)["db"] == {"password": "ours", "old": "gone-soon", "user": {"name": "n"}}


async def test_recipients_that_only_one_side_has_are_told(versioned: Repo) -> None:
    git(versioned, "checkout", "-q", "-b", "theirs")
    versioned.sops("rotate", "-i", "--add-age", versioned.other.public, "a.yaml")
    commit(versioned, "theirs")
    git(versioned, "checkout", "-q", "main")
    await change(versioned, Put(("db", "password"), Secret("ours")))
    commit(versioned, "ours")
    git(versioned, "merge", "theirs", check=False)
    path, runner = versioned.root / "a.yaml", await versioned.runner()
    merge = await read_merge(runner, path, "a.yaml")
    assert merge.theirs_also == (versioned.other.public,) and merge.ours_also == ()
    await save_merge(runner, merge, {})
    assert versioned.plain(path)["db"]["password"] == "ours"


async def test_an_age_file_is_taken_whole(versioned: Repo) -> None:
    path = versioned.root / "t.age"
    for branch, value in (("main", b"base"), ("theirs", b"theirs"), ("main", b"ours")):
        git(versioned, "checkout", "-q", *(["-b"] if branch == "theirs" else []), branch)
        path.unlink(missing_ok=True)
        run("age", "-r", versioned.me.public, "-o", path, stdin=value)
        commit(versioned, value.decode())
    git(versioned, "merge", "theirs", check=False)
    runner = await versioned.runner()
    merge = await read_merge(runner, path, "t.age")
    assert [each.path for each in merge.conflicts] == [()]
    await save_merge(runner, merge, {(): Side.THEIRS})
    assert run("age", "-d", "-i", versioned.me.file, path) == b"theirs"


async def test_a_file_in_no_merge(versioned: Repo) -> None:
    with pytest.raises(SecretsError) as caught:
        await read_merge(await versioned.runner(), versioned.root / "a.yaml", "a.yaml")
    assert caught.value.trouble is Trouble.NO_MERGE


async def test_merge_on_the_command_line(versioned: Repo) -> None:
    path = await branches(
        versioned, [Put(("db", "password"), Secret("our-zebra"))], [Put(("db", "password"), Secret("their-zebra"))]
    )
    before = path.read_bytes()
    done = secrets(versioned, "merge", "a.yaml")
    assert done.returncode == 5 and "both sides changed db/password" in done.stderr and path.read_bytes() == before
    assert secrets(versioned, "merge", "a.yaml", "--theirs", "nope").returncode == 2
    assert "zebra" not in done.stdout + done.stderr
    done = secrets(versioned, "merge", "a.yaml", "--theirs", "db/password", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["keys"] == [
        {"key": "db/password", "conflict": True, "take": "theirs", "base": "str short", "ours": "str medium",
         "theirs": "str medium"}
    ]  # fmt: skip
    assert versioned.plain(path)["db"]["password"] == "their-zebra"
    git(versioned, "add", "a.yaml")
    assert secrets(versioned, "merge", "a.yaml").returncode == 2


@pytest.mark.parametrize(
    "text", [b"<<<<<<< a\n", b"=======\n", b">>>>>>> b\n", b"<<<<<<< a\n<<<<<<< a\n", b"<<<<<<< a\n>>>>>>> b\n"]
)
def test_damaged_markers(text: bytes) -> None:
    with pytest.raises(ValueError, match="conflict"):
        sides_in_markers(text)
