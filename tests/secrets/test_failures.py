"""What the user reads when sops fails: every row with the real sops, broken in the real way."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nixtui.secrets import program
from nixtui.secrets.edit import Put
from nixtui.secrets.editing import reveal, save
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.failures import classify
from nixtui.secrets.secret import Secret
from tests.operations.full_disk import may_mount
from tests.secrets.conftest import Repo, run

PLAIN = "a: one\nb: two\nc_unencrypted: clear\n"


async def said(repo: Repo, path: Path, **environ: str) -> SecretsError:
    """The error of reading a value, without our own look at the file before."""
    runner = await repo.runner(**environ)
    with pytest.raises(SecretsError) as caught:
        await runner.run(["decrypt", str(path)], directory=repo.root, file=path.name)
    return caught.value


@pytest.mark.parametrize(
    ("environ", "trouble", "sentence"),
    [
        ({"SOPS_AGE_KEY_FILE": ""}, Trouble.NO_IDENTITY, "no key that opens this file was found"),
        ({"SOPS_AGE_KEY_FILE": "/nope"}, Trouble.KEY_FILE, "the age key file cannot be read"),
        ({"SOPS_AGE_KEY_FILE": "/etc/hostname"}, Trouble.KEY_FILE, "the age key file has no age key in it"),
        (
            {"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY_CMD": "exit 3"},
            Trouble.KEY_COMMAND,
            "the command of SOPS_AGE_KEY_CMD failed",
        ),
    ],
)
async def test_keys(repo: Repo, environ: dict[str, str], trouble: Trouble, sentence: str) -> None:
    error = await said(repo, repo.encrypt("a.yaml", PLAIN), **environ)
    assert (error.trouble, error.reason) == (trouble, f"a.yaml: {sentence}"), error.log
    assert error.remedy


async def test_another_key(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    error = await said(repo, path, SOPS_AGE_KEY_FILE=str(repo.other.file))
    assert str(error) == (
        "a.yaml: none of your keys is a recipient of this file; ask a recipient to add you, then run updatekeys"
    )


def swapped(text: str) -> str:
    one, two = re.findall(r"^[ab]: (ENC.*)$", text, re.MULTILINE)
    return text.replace(one, "@").replace(two, one).replace("@", two)


@pytest.mark.parametrize(
    ("damage", "trouble", "sentence"),
    [
        (lambda text: text.replace("clear\n", "other\n"), Trouble.MAC_MISMATCH, "its MAC does not match"),
        (lambda text: re.sub(r"    mac: .*\n", "", text), Trouble.MAC_MISSING, "the file has no MAC"),
        (swapped, Trouble.CORRUPT, "damaged or was moved to another key"),
        (lambda text: text.replace("data:", "data:%%", 1), Trouble.CORRUPT, "damaged"),
        (lambda text: text.partition("sops:")[0], Trouble.NOT_ENCRYPTED, "the file is not encrypted"),
        (lambda text: re.sub(r"    lastmodified: .*\n", "", text), Trouble.CORRUPT, "lost sops' lastmodified"),
        (lambda _: "a: [", Trouble.SYNTAX, "the file is not valid in its format"),
        (lambda _: "", Trouble.NOT_ENCRYPTED, "the file is not encrypted"),
    ],
)
async def test_damaged_files(repo: Repo, damage: Callable[[str], str], trouble: Trouble, sentence: str) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    path.write_text(damage(path.read_text()))
    error = await said(repo, path)
    assert error.trouble is trouble and sentence in error.reason, (error.reason, error.log)


async def test_conflict_markers_are_seen_before_sops_stumbles(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    path.write_text("<<<<<<< HEAD\n" + path.read_text() + "=======\n>>>>>>> theirs\n")
    with pytest.raises(SecretsError, match="the file has git's conflict markers; merge it first"):
        await reveal(await repo.runner(), path, "a.yaml", ("a",))


@pytest.mark.parametrize(
    "words",
    [
        ("decrypt", "p.yaml"),
        ("set", "p.yaml", '["a"]', '"b"'),
        ("unset", "p.yaml", '["a"]'),
        ("updatekeys", "-y", "p.yaml"),
        ("rotate", "-i", "p.yaml"),
    ],
)
async def test_what_is_not_encrypted_is_said_by_every_verb(repo: Repo, words: tuple[str, ...]) -> None:
    (repo.root / "p.yaml").write_text("a: b\n")
    rules = f"creation_rules:\n- age: {repo.me.public}\n".encode()
    with pytest.raises(SecretsError) as caught:
        await (await repo.runner()).run(words, directory=repo.root, file="p.yaml", config=rules)
    assert str(caught.value) == "p.yaml: the file is not encrypted; encrypt it with sops first"
    assert (repo.root / "p.yaml").read_text() == "a: b\n"


async def test_markers_and_bad_syntax_as_sops_itself_says_them(repo: Repo) -> None:
    path = repo.root / "a.yaml"
    path.write_text("<<<<<<< HEAD\n=======\n>>>>>>> theirs\n")  # where more is there, we see it before sops does
    assert str(await said(repo, path)) == "a.yaml: the file has git's conflict markers; merge it first"
    path.write_text("a: [\n")
    with pytest.raises(SecretsError) as caught:
        words = ["encrypt", "--age", repo.me.public, str(path)]
        await (await repo.runner()).run(words, directory=repo.root, file="a.yaml")
    assert caught.value.trouble is Trouble.SYNTAX and "not valid in its format" in caught.value.reason, caught.value.log


async def test_files_that_cannot_be_read_or_written(repo: Repo) -> None:
    (repo.root / "folder.yaml").mkdir()
    error = await said(repo, repo.root / "folder.yaml")
    assert str(error) == "folder.yaml: the file cannot be read; look whether it is there"
    error = classify(2, b"Error reading file: open a.yaml: permission denied\n", "a.yaml")
    assert str(error) == "a.yaml: the file may not be read; look at its permissions"


@pytest.mark.skipif(not may_mount(), reason="root may write everywhere; a mount stops it")
async def test_a_file_that_sops_may_not_write(repo: Repo) -> None:
    path, runner = repo.encrypt("a.yaml", PLAIN), await repo.runner()
    run("mount", "--bind", repo.root, repo.root)
    try:
        run("mount", "-o", "remount,ro,bind", repo.root)
        with pytest.raises(SecretsError) as caught:
            await runner.run(["rotate", "-i", str(path)], directory=repo.home, file="a.yaml")
    finally:
        run("umount", "--lazy", repo.root)
    assert str(caught.value) == "a.yaml: the file may not be written; look at its permissions", caught.value.log


async def test_a_key_with_a_passphrase_is_not_asked_for_on_the_terminal(repo: Repo) -> None:
    key = repo.home / ".ssh" / "id_ed25519"
    key.parent.mkdir()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "correct horse", "-f", key)
    path = repo.encrypt("a.yaml", PLAIN, to=" ".join(key.with_name("id_ed25519.pub").read_text().split()[:2]))
    error = await said(repo, path, SOPS_AGE_KEY_FILE="")
    assert error.trouble is Trouble.LOCKED_KEY, error.log
    assert "the SSH key has a passphrase, which sops would ask on the terminal" in error.reason and error.remedy


def test_a_sops_that_is_too_old_is_not_run(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "sops"
    old.write_text("#!/bin/sh\necho sops 3.9.4\n")
    old.chmod(0o755)
    monkeypatch.setattr(program, "_bundled", lambda: None)
    with pytest.raises(SecretsError, match=r"is sops 3\.9\.4, which takes values only on its command line"):
        program.find_sops({"PATH": f"{tmp_path}"})
    with pytest.raises(SecretsError, match="there is no sops here; install sops"):
        program.find_sops({"PATH": "/nonexistent"})


async def test_too_few_key_groups(repo: Repo) -> None:
    (repo.root / "rules").write_text(
        "creation_rules:\n- shamir_threshold: 2\n  key_groups:\n"
        f"  - age: [{repo.me.public}]\n  - age: [{repo.other.public}]\n"
    )
    path = repo.root / "a.yaml"
    path.write_text(PLAIN)
    repo.sops("--config", "rules", "encrypt", "-i", str(path))
    error = await said(repo, path)
    assert error.reason == "a.yaml: the file needs keys of 2 groups, and you have fewer"


async def test_encrypting_what_is_encrypted_and_what_is_empty(repo: Repo) -> None:
    runner, path = await repo.runner(), repo.encrypt("a.yaml", PLAIN)
    (repo.root / "empty.yaml").write_text("")
    for name, trouble in (("a.yaml", Trouble.ENCRYPTED_ALREADY), ("empty.yaml", Trouble.EMPTY)):
        with pytest.raises(SecretsError) as caught:
            await runner.run(
                ["encrypt", "--age", repo.me.public, str(path.with_name(name))], directory=repo.root, file=name
            )
        assert caught.value.trouble is trouble


@pytest.mark.parametrize(
    ("config", "trouble"),
    [
        (b"{}\n", Trouble.NO_RULE),
        (b"creation_rules:\n- path_regex: nope\n  age: x\n", Trouble.NO_RULE),
        (b"creation_rules:\n- path_regx: a\n", Trouble.NO_RECIPIENT),
        (b"creation_rules:\n- age: age1nonsense\n", Trouble.BAD_RECIPIENT),
        (b"creation_rules: [", Trouble.BAD_RULES),
        (b"creation_rules:\n- shamir_threshold: 1\n  key_groups: [{age: [ME]}, {age: [ME]}]\n", Trouble.BAD_RULES),
    ],
)
async def test_rules(repo: Repo, config: bytes, trouble: Trouble) -> None:
    (repo.root / "p.yaml").write_text("a: b\n")
    runner, config = await repo.runner(), config.replace(b"ME", repo.me.public.encode())
    with pytest.raises(SecretsError) as caught:
        await runner.run(["encrypt", "p.yaml"], directory=repo.root, file="p.yaml", config=config)
    assert caught.value.trouble is trouble, caught.value.log


async def test_broken_rules_do_not_stop_what_needs_none(repo: Repo) -> None:
    path = repo.encrypt("a.yaml", PLAIN)
    (repo.root / ".sops.yaml").write_text("creation_rules: [")
    assert (await reveal(await repo.runner(), path, "a.yaml", ("a",))).text() == "one"


async def test_keys_that_are_not_there(repo: Repo) -> None:
    path, runner = repo.encrypt("a.yaml", PLAIN), await repo.runner()
    for words, trouble in (
        (["decrypt", "--extract", '["nope"]', str(path)], Trouble.NO_SUCH_KEY),
        (["decrypt", "--extract", "foo", str(path)], Trouble.BAD_KEY),
        (["decrypt", "--extract", '["a"]["b"]', str(path)], Trouble.SOPS_BUG),
        (["unset", str(path), '["nope"]'], Trouble.NO_SUCH_KEY),
        (["decrypt", str(repo.root / "nope.yaml")], Trouble.UNREADABLE),
    ):
        with pytest.raises(SecretsError) as caught:
            await runner.run(words, directory=repo.root, file="a.yaml")
        assert caught.value.trouble is trouble, (words, caught.value.log)


async def test_the_last_recipient(repo: Repo) -> None:
    path, runner = repo.encrypt("a.yaml", PLAIN), await repo.runner()
    with pytest.raises(SecretsError) as caught:
        await runner.run(["rotate", "--rm-age", repo.me.public, str(path)], directory=repo.root, file="a.yaml")
    assert caught.value.trouble is Trouble.NO_RECIPIENT, caught.value.log


async def test_a_sops_that_hangs_is_stopped(repo: Repo) -> None:
    import msgspec

    path = repo.encrypt("a.yaml", PLAIN)
    runner = msgspec.structs.replace(
        await repo.runner(SOPS_AGE_KEY_FILE="", SOPS_AGE_KEY_CMD="sleep 60"), time_limit=0.5
    )
    with pytest.raises(SecretsError, match=r"sops did not finish within .* was stopped"):
        await save(runner, path, "a.yaml", [Put(("a",), Secret("b"))])


@pytest.mark.parametrize(
    ("text", "trouble", "sentence"),
    [
        (
            "api error AccessDeniedException: User x is not authorized to perform: kms:Decrypt on",
            Trouble.KMS_DENIED,
            "x: AWS",
        ),
        ("failed to get shared config profile, ghost", Trouble.AWS_PROFILE, "not here: ghost"),
        ("InvalidCiphertextException:", Trouble.KMS_CONTEXT, "encryption context"),
        ("dial tcp 127.0.0.1:1: connect: connection refused", Trouble.KMS_UNREACHABLE, "cannot be reached"),
        ("no EC2 IMDS role found", Trouble.AWS_CREDENTIALS, "no AWS credentials"),
    ],
)
def test_clouds(text: str, trouble: Trouble, sentence: str) -> None:
    error = classify(128, f"Failed to get the data key\n{text}\n".encode(), "x")
    assert error.trouble is trouble and sentence in error.reason


def test_words_of_sops_are_shown_harmless_and_bounded() -> None:
    error = classify(1, b"\x1b[31mred\x07\n" + b"x" * 9999 + b"\n" * 100 + b"last \xff", "x")
    assert all(each.isprintable() and len(each) <= 500 for each in error.log) and "last" in error.reason
