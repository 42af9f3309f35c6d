"""New files: by their rule, for its recipients, never over another one, and never in plaintext."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nixtui.secrets.creating import create, new_file
from nixtui.secrets.edit import Put
from nixtui.secrets.editing import save, undo
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.repository import drift_of, look_around
from nixtui.secrets.secret import Secret
from tests.secrets.conftest import Repo, run
from tests.secrets.test_command import secrets

NIX = "experimental-features = nix-command flakes\n"


@pytest.fixture
def ruled(repo: Repo) -> Repo:
    repo.environ["NIX_CONFIG"] = NIX
    (repo.root / ".sops.yaml").write_text(
        f"creation_rules:\n- path_regex: theirs\n  age: {repo.other.public}\n"
        f"- path_regex: some\n  encrypted_regex: ^secret\n  age: {repo.me.public}\n"
        f"- path_regex: \\.(yaml|json|env|ini|bin)$\n  age: {repo.me.public},{repo.other.public}\n"
    )
    (repo.root / "secrets.nix").write_text(f'{{ "t.age".publicKeys = [ "{repo.me.public}" "{repo.other.public}" ]; }}')
    return repo


VALUE = "ö\n\"quoted\" 'too' #: [x]"


@pytest.mark.parametrize(
    ("name", "path", "plain"),
    [
        ("a.yaml", ("db", "password"), {"db": {"password": VALUE}}),
        ("deep/er/a.json", ("db", "password"), {"db": {"password": VALUE}}),
        ("a.env", ("PASSWORD",), {"PASSWORD": "x y=z"}),
        ("a.ini", ("db", "password"), {"DEFAULT": {}, "db": {"password": "x y=z"}}),
    ],
)
async def test_a_file_is_created_by_its_rule(ruled: Repo, name: str, path: tuple[str, ...], plain: dict) -> None:
    new = await new_file(ruled.root, ruled.root / name, ruled.environ)
    value = VALUE if "db" in plain and name.endswith(("yaml", "json")) else "x y=z"
    await create(await ruled.runner(), new, [Put(path, Secret(value))])
    assert ruled.plain(ruled.root / name) == plain
    (file,) = (await look_around(ruled.root, ruled.environ)).files
    assert file.name == name and not drift_of(file).is_any and len(file.recipients) == 2
    assert [each.name for each in (ruled.root / name).parent.iterdir() if each.name.startswith(".nixtui")] == []


async def test_undone_there_is_no_file_again(ruled: Repo) -> None:
    new = await new_file(ruled.root, ruled.root / "a.yaml", ruled.environ)
    runner = await ruled.runner()
    change = await create(runner, new, [Put(("a",), Secret("b"))])
    later = await save(runner, new.path, new.name, [Put(("a",), Secret("c"))])
    with pytest.raises(SecretsError, match="was changed after your change"):
        await undo(change)
    await undo(later)
    await undo(change)
    assert not new.path.exists()


async def test_files_that_are_one_value(ruled: Repo) -> None:
    for name, value in (("key.bin", b"\0\xff"), ("t.age", b"\0\xff\n")):
        new = await new_file(ruled.root, ruled.root / name, ruled.environ)
        await create(await ruled.runner(), new, [Put(("data",), Secret(value))])
    assert ruled.sops("decrypt", "key.bin") == b"\0\xff"
    assert run("age", "-d", "-i", ruled.other.file, ruled.root / "t.age") == b"\0\xff\n"


async def test_what_would_be_plaintext_is_asked(ruled: Repo) -> None:
    new = await new_file(ruled.root, ruled.root / "some.yaml", ruled.environ)
    runner = await ruled.runner()
    with pytest.raises(SecretsError, match="would be stored in plaintext"):
        await create(runner, new, [Put(("user",), Secret("u"))])
    await create(runner, new, [Put(("secret",), Secret("s")), Put(("user",), Secret("u"))], allowed=("plaintext",))
    text = new.path.read_text()
    assert "user: u\n" in text and "secret: ENC[" in text


async def test_a_file_for_others_only_can_be_written(ruled: Repo) -> None:
    new = await new_file(ruled.root, ruled.root / "theirs.yaml", ruled.environ)
    await create(await ruled.runner(), new, [Put(("a",), Secret("b"))])
    ruled.environ["SOPS_AGE_KEY_FILE"] = str(ruled.other.file)
    assert ruled.plain(new.path) == {"a": "b"}


async def test_a_file_that_came_meanwhile_is_not_overwritten(ruled: Repo) -> None:
    new = await new_file(ruled.root, ruled.root / "a.yaml", ruled.environ)
    new.path.write_text("theirs")
    with pytest.raises(SecretsError, match="somebody else has created the file") as caught:
        await create(await ruled.runner(), new, [Put(("a",), Secret("b"))])
    assert caught.value.trouble is Trouble.CHANGED and new.path.read_text() == "theirs"
    assert [each.name for each in ruled.root.iterdir() if each.name.startswith(".nixtui")] == []


@pytest.mark.parametrize("name", ["a.txt", "u.age", "../a.yaml"])
async def test_without_a_rule_nothing_is_created(ruled: Repo, name: str) -> None:
    with pytest.raises(SecretsError) as caught:
        await new_file(ruled.root, (ruled.root / name).resolve(), ruled.environ)
    assert caught.value.trouble is Trouble.NO_RULE


def test_on_the_command_line(ruled: Repo) -> None:
    assert secrets(ruled, "set", "a.yaml", "db/password", stdin=b"x").returncode == 2
    assert not (ruled.root / "a.yaml").exists(), "a name that is mistyped creates nothing"
    done = secrets(ruled, "set", "--new", "a.yaml", "db/password", "--json", stdin=b"zebra")
    assert done.returncode == 0 and json.loads(done.stdout)["hosts"][0]["detail"] == "created", done.stderr
    assert ruled.plain(ruled.root / "a.yaml") == {"db": {"password": "zebra"}}
    again = secrets(ruled, "set", "--new", "a.yaml", "x", stdin=b"x")
    assert again.returncode == 5 and "is there already; leave --new away" in again.stderr
    assert secrets(ruled, "generate", "--new", "t.age", "--kind", "age-key").stdout.splitlines()[-1].startswith("age1")
    assert b"AGE-SECRET-KEY-1" in run("age", "-d", "-i", ruled.me.file, ruled.root / "t.age")
    assert secrets(ruled, "set", "--new", "a.txt", "x", stdin=b"x").returncode == 2
    assert secrets(ruled, "set", "--new", "b.yaml", stdin=b"x").returncode == 2
    assert secrets(ruled, "set", "--new", "b.yaml", "sops", stdin=b"x").returncode == 5


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_no_file_has_it_in_plaintext(ruled: Repo, tmp_path: Path) -> None:
    log = tmp_path / "strace"
    strace = ["strace", "-f", "-yy", "-s", "100000", "-e", "trace=execve,write,pwrite64,writev", "-o", str(log)]
    words = [*strace, sys.executable, "-m", "nixtui", "secrets", "set", "--new", "a.yaml", "k"]
    done = subprocess.run(words, cwd=ruled.root, env=ruled.environ, input=b"zebra-crossing", capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = [line for line in log.read_text(errors="replace").splitlines() if "zebra-crossing" in line]
    assert lines and [line for line in lines if "<pipe:" not in line and "<UNIX" not in line] == []
