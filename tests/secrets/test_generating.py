"""What is generated is what the tools of everybody else take, and is seen by nobody."""

import re
import shutil
from pathlib import Path

import pytest

from nixtui.secrets.edit import Put
from nixtui.secrets.editing import save
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.generating import Made, generate, hash_password
from nixtui.secrets.renaming import ALLOWED, rename_edits
from nixtui.secrets.secret import Secret
from tests.secrets.conftest import Repo, run
from tests.secrets.test_command import secrets


async def test_passwords_and_hex_have_their_length_and_differ() -> None:
    one, other = await generate(Made.PASSWORD), await generate(Made.PASSWORD)
    assert re.fullmatch(r"[A-Za-z0-9]{32}", one.value.text()) and one.value != other.value
    assert re.fullmatch(r"[0-9a-f]{40}", (await generate(Made.HEX, length=20)).value.text())
    for length in (0, 7, 1025):
        with pytest.raises(SecretsError, match="it is 8 to 1024"):
            await generate(Made.PASSWORD, length=length)


async def test_an_ssh_key_is_one_for_openssh(tmp_path: Path) -> None:
    made = await generate(Made.SSH_KEY, comment="db/key")
    key = tmp_path / "key"
    key.write_bytes(made.value.reveal())
    key.chmod(0o600)
    public = run("ssh-keygen", "-y", "-f", key).decode().split()
    assert made.public is not None and made.public.split() == [*public[:2], "db/key"]


async def test_an_age_key_opens_what_is_encrypted_to_it(tmp_path: Path) -> None:
    made = await generate(Made.AGE_KEY)
    assert made.public is not None
    (tmp_path / "key").write_bytes(made.value.reveal())
    sealed = run("age", "-r", made.public, stdin=b"x")
    assert run("age", "-d", "-i", tmp_path / "key", stdin=sealed) == b"x"


@pytest.mark.parametrize(("program", "method"), [("mkpasswd", "yescrypt"), ("openssl", "sha512crypt")])
async def test_a_hash_is_that_of_the_password(tmp_path: Path, program: str, method: str) -> None:
    found = shutil.which(program)
    assert found is not None
    (tmp_path / program).symlink_to(found)
    made = await hash_password(Secret("hunter2 ä$"), {"PATH": str(tmp_path)})
    hashed = made.value.text()
    assert made.public == method
    again = run("perl", "-e", "print crypt(<STDIN>, $ARGV[0])", hashed, stdin="hunter2 ä$".encode())  # crypt(3)
    assert again.decode() == hashed


async def test_without_programs_it_is_bcrypt(tmp_path: Path) -> None:
    import bcrypt

    made = await hash_password(Secret("hunter2"), {"PATH": str(tmp_path)})
    assert made.public == "bcrypt" and bcrypt.checkpw(b"hunter2", made.value.reveal())
    with pytest.raises(SecretsError, match="72 bytes at most"):
        await hash_password(Secret("x" * 73), {"PATH": str(tmp_path)})


@pytest.mark.parametrize("password", ["", "two\nlines", "nul\0"])
async def test_a_password_that_is_none_is_not_hashed(repo: Repo, password: str) -> None:
    with pytest.raises(SecretsError, match="one line that is not empty"):
        await hash_password(Secret(password), repo.environ)


def test_generate_on_the_command_line(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", "db:\n    password: old\n")
    done = secrets(repo, "generate", "a.yaml", "db/password")
    assert done.returncode == 5 and "has a value, which would be lost; --allow overwrite" in done.stderr
    done = secrets(repo, "generate", "a.yaml", "db/password", "--allow", "overwrite")
    value = repo.plain(path)["db"]["password"]
    assert done.returncode == 0 and len(value) == 32 and value not in done.stdout + done.stderr
    done = secrets(repo, "generate", "a.yaml", "host/key", "--kind", "ssh-key")
    assert re.search(r"^ssh-ed25519 \S+ host/key$", done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert repo.plain(path)["host"]["key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    done = secrets(repo, "generate", "a.yaml", "hash", "--kind", "hashed-password", stdin=b"hunter2\n")
    assert done.returncode == 0 and repo.plain(path)["hash"][:3] in ("$6$", "$y$")
    assert "hunter2" not in done.stdout + done.stderr and repo.plain(path)["hash"] not in done.stdout + done.stderr


PLAIN = "db:\n    password: p\n    port: 5432\n    ratio: 0.5\n    yes: true\n    none: null\nother: x\n"


async def rename(repo: Repo, path: Path, key: tuple[str | int, ...], to: tuple[str | int, ...]) -> None:
    runner = await repo.runner()
    edits, seen = await rename_edits(runner, path, path.name, key, to)
    await save(runner, path, path.name, edits, allowed=ALLOWED, seen=seen)


async def test_a_key_gets_another_name_with_its_value_and_type(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    before = repo.plain(path)
    for name in before["db"]:
        await rename(repo, path, ("db", name), ("new", name + "2"))
    assert repo.plain(path) == {
        "db": {},
        "other": "x",
        "new": {name + "2": value for name, value in before["db"].items()},
    }
    await rename(repo, path, ("new",), ("newer",))
    assert list(repo.plain(path)["newer"]) == [name + "2" for name in before["db"]]


@pytest.mark.parametrize(
    ("key", "to", "said"),
    [
        (("nope",), ("x",), "there is no key nope"),
        (("other",), ("db", "port"), "there is a key db/port already"),
        (("db",), ("db", "x"), "cannot move into itself"),
        (("other",), ("x_unencrypted",), "would be stored in plaintext"),
        (("other",), ("sops",), "the file would be lost"),
    ],
)
async def test_names_that_cannot_be(repo: Repo, key: tuple[str, ...], to: tuple[str, ...], said: str) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    before = path.read_bytes()
    with pytest.raises(SecretsError, match=said):
        await rename(repo, path, key, to)
    assert path.read_bytes() == before


async def test_a_change_between_reading_and_renaming_is_told(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    runner = await repo.runner()
    edits, seen = await rename_edits(runner, path, "a.yaml", ("other",), ("o",))
    await save(runner, path, "a.yaml", [Put(("other",), Secret("newer"))])
    with pytest.raises(SecretsError, match="not the one you looked at"):
        await save(runner, path, "a.yaml", edits, seen=seen)


def test_rename_on_the_command_line(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    done = secrets(repo, "rename", "a.yaml", "db/password", "db/token")
    assert done.returncode == 0, done.stderr
    assert "token" in repo.plain(path)["db"] and "password" not in repo.plain(path)["db"]
    assert secrets(repo, "rename", "a.yaml", "nope", "x").returncode == 2
