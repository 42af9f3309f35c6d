"""Files, rules, names and drift, without any key."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Outcome, Report
from nixtui.secrets.agenix import AgeRule, reveal_age, save_age
from nixtui.secrets.document import Scope, read_document
from nixtui.secrets.editing import reveal
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.recipient import age_recipient, ssh_to_age
from nixtui.secrets.repository import Drift, Repository, drift_of, look_around
from nixtui.secrets.rules import read_rules
from nixtui.secrets.secret import Secret
from nixtui.secrets.work import Work, job, plan_reencrypt, plan_rotate, plan_updatekeys
from tests.secrets.conftest import Repo, run

NO_KEYS = {"SOPS_AGE_KEY_FILE": "", "HOME": "/nonexistent"}


def ruled(repo: Repo, *, web: bool = True, me: bool = True) -> None:
    keys = ", ".join(["*me"] * me + ["*web-1"] * web)
    (repo.root / ".sops.yaml").write_text(
        f"keys:\n  - &me {repo.me.public}\n  - &web-1 {repo.other.public}\n"
        f"creation_rules:\n  - path_regex: secrets/.*\\.yaml$\n    key_groups:\n      - age: [{keys}]\n"
    )


async def drifts(repo: Repo) -> list[Drift]:
    found = await look_around(repo.root, {**repo.environ, **NO_KEYS})
    return [drift for drift in map(drift_of, found.files) if drift.is_any]


async def test_files_are_found_with_names_and_no_key(repo: Repo) -> None:
    ruled(repo)
    repo.encrypt("secrets/a.yaml", "a: b\nc: d\n", to=f"{repo.me.public},{repo.other.public}")
    repo.encrypt("other.env", "A=b\n")
    (repo.root / "plain.yaml").write_text("a: b\n")
    (repo.root / "secrets" / "forgotten.yaml").write_text("password: hunter2\n")
    found = await look_around(repo.root, {**repo.environ, **NO_KEYS})
    rows = [(each.name, each.keys, [found.called(one.identity) for one in each.recipients]) for each in found.files]
    assert rows == [
        ("other.env", 1, ["me"]),
        ("secrets/a.yaml", 2, ["me", "web-1"]),
        ("secrets/forgotten.yaml", None, []),
    ]
    assert {each.file: each.other for each in await drifts(repo)} == {
        "other.env": ("no rule of .sops.yaml is for it",),
        "secrets/forgotten.yaml": ("the file is not encrypted",),
    }


async def test_drift_is_that_of_sops_itself(repo: Repo) -> None:
    ruled(repo)
    path = repo.encrypt("secrets/a.yaml", "a: b\n")
    assert await drifts(repo) == [Drift("secrets/a.yaml", (repo.other.public,), (), ())]
    said = repo.sops("updatekeys", str(path), check=False).decode()
    assert f"+++ {repo.other.public}" in said
    repo.sops("updatekeys", "-y", str(path))
    assert await drifts(repo) == []
    ruled(repo, web=False)
    assert await drifts(repo) == [Drift("secrets/a.yaml", (), (repo.other.public,), ())]


async def test_drift_that_sops_does_not_see(repo: Repo) -> None:
    ruled(repo, web=False)
    repo.encrypt("secrets/a.yaml", "a: b\n", "--encrypted-regex", "^a$")
    (only,) = await drifts(repo)
    assert "which values are encrypted differs" in only.other[0]


def test_rules_tell_what_sops_ignores(tmp_path: Path) -> None:
    path = tmp_path / ".sops.yaml"
    path.write_text(
        "creation_rules:\n- path_regx: a\n  age: age1x, age1y\n- key_groups:\n  - merge:\n    - age: [age1z]\n"
    )
    rules = read_rules(path)
    assert rules.problems == (".sops.yaml: rule 1: sops ignores 'path_regx', did you mean \"path_regex\"?",)
    assert [[each.identity for each in rule.recipients] for rule in rules.rules] == [["age1x", "age1y"], ["age1z"]]
    path.write_text("creation_rules:\n  - [\n")
    with pytest.raises(SecretsError, match=r"\.sops\.yaml:\d: no valid YAML"):
        read_rules(path)


def test_host_keys_become_recipients_as_ssh_to_age_makes_them(tmp_path: Path) -> None:
    """The private half goes the other way: sha512 of the seed, as sops-nix does at boot."""
    from hashlib import sha512

    import asyncssh
    import pyrage
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from nixtui.secrets.recipient import bech32

    seed = bytes(range(32))
    public = asyncssh.import_public_key(
        asyncssh.SSHKey.export_public_key(asyncssh.import_private_key(_pem(Ed25519PrivateKey.from_private_bytes(seed))))
    )
    text = public.export_public_key().decode()
    private = bech32("age-secret-key-", sha512(seed).digest()[:32]).upper()
    assert ssh_to_age(text) == str(pyrage.x25519.Identity.from_str(private).to_public())
    assert ssh_to_age("ssh-rsa AAAA") is None and ssh_to_age("ssh-ed25519 !") is None and ssh_to_age("") is None


def _pem(key: object) -> bytes:
    from cryptography.hazmat.primitives import serialization as how

    return key.private_bytes(how.Encoding.PEM, how.PrivateFormat.PKCS8, how.NoEncryption())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("scope", "path", "encrypts"),
    [
        (Scope(unencrypted_suffix="_u"), ("a_u", "b"), False),
        (Scope(unencrypted_suffix="_u"), ("a", "b"), True),
        (Scope(encrypted_regex="^a$"), ("a", "b"), True),
        (Scope(encrypted_regex="^a$"), ("b",), False),
        (Scope(unencrypted_regex="^a$"), ("a", 0), False),
        (Scope(encrypted_regex=r"\pL("), ("a",), False),
        (Scope(unencrypted_regex=r"\pL("), ("a",), False),
        (Scope(encrypted_suffix="_s"), ("x", "y_s"), True),
        (Scope(), ("x",), True),
        (Scope(encrypted_comment_regex="x"), ("x",), False),
    ],
)
def test_which_values_are_encrypted(scope: Scope, path: tuple[str | int, ...], encrypts: bool) -> None:
    assert scope.encrypts(path) is encrypts


@pytest.mark.parametrize(
    "content",
    [b"a: &x [*x]\nsops: {}\n", b"a: " + b"[" * 500, b"[1]", b"\xff\xfe", b'{"a":', b"- a\n", b"? [a]\n: b\n"],
)
def test_hostile_files_are_an_error(content: bytes) -> None:
    for name in ("a.yaml", "a.json", "a.bin"):
        with pytest.raises(SecretsError):
            read_document(content, name)


async def carried_out(repo: Repo, work: Work, directory: Path) -> Report:
    async with Journal(directory, operator="me", origin="here", token="t") as journal:
        operation = Operation("ab12", work.plan, job(work, await repo.runner()))
        return await operation.run(Consent(Answer.YES_FLAG), Policy(), journal)


async def here(repo: Repo) -> Repository:
    return await look_around(repo.root, repo.environ)


async def test_updatekeys_adds_and_rotate_changes_the_data_key(repo: Repo, tmp_path: Path) -> None:
    ruled(repo)
    path = repo.encrypt("secrets/a.yaml", "# c\na: b\nl:\n- x\n- x\n")
    found = await here(repo)
    work = plan_updatekeys(found, found.files, frozenset({repo.me.public}), lockout=False)
    assert work.plan.targets[0].warnings == ("adds web-1",)
    report = await carried_out(repo, work, tmp_path)
    assert report.outcome is Outcome.COMMITTED, report
    assert await drifts(repo) == []
    before = read_document(path.read_bytes(), path.name)
    rotated = await carried_out(repo, plan_rotate((await here(repo)).files), tmp_path / "second")
    assert rotated.outcome is Outcome.COMMITTED, rotated
    after = read_document(path.read_bytes(), path.name)
    assert all(was.stored != now.stored for was, now in zip(before.leaves, after.leaves, strict=True))
    assert repo.plain(path) == {"a": "b", "l": ["x", "x"]} and after.recipients == before.recipients


async def test_a_change_that_would_lock_me_out_is_refused(repo: Repo, tmp_path: Path) -> None:
    ruled(repo, me=False)
    path = repo.encrypt("secrets/a.yaml", "a: b\n")
    found, mine = await here(repo), frozenset({repo.me.public})
    refused = plan_updatekeys(found, found.files, mine, lockout=False)
    assert refused.plan.targets[0].refused == "you could not read it any more" and not refused.plan.acting_on
    allowed = plan_updatekeys(found, found.files, mine, lockout=True)
    assert "rotate, and change the values" in allowed.plan.warnings[0]
    assert (await carried_out(repo, allowed, tmp_path)).outcome is Outcome.COMMITTED
    assert [each.identity for each in read_document(path.read_bytes(), path.name).recipients] == [repo.other.public]


async def test_a_file_that_changed_since_the_plan_is_left(repo: Repo, tmp_path: Path) -> None:
    ruled(repo)
    path = repo.encrypt("secrets/a.yaml", "a: b\n")
    found = await here(repo)
    work = plan_updatekeys(found, found.files, frozenset({repo.me.public}), lockout=False)
    repo.sops("set", str(path), '["x"]', '"y"')
    before = path.read_bytes()
    report = await carried_out(repo, work, tmp_path)
    assert report.outcome is Outcome.FAILED and "not the one of the plan" in str(report.targets[0].detail)
    assert path.read_bytes() == before


@pytest.fixture
def ssh_key(repo: Repo) -> str:
    (repo.home / ".ssh").mkdir()
    file = repo.home / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@here", "-f", file], check=True)
    return file.with_suffix(".pub").read_text().strip()


@pytest.mark.parametrize("armor", [False, True])
async def test_age_files_go_to_the_age_command_and_back(repo: Repo, ssh_key: str, armor: bool, tmp_path: Path) -> None:
    pytest.importorskip("shutil").which("age") or pytest.skip("no age")
    path, key = repo.root / "token.age", repo.home / ".ssh" / "id_ed25519"
    (repo.root / "secrets.nix").write_text(
        f'let me = "{ssh_key}"; host = "{repo.other.public}"; in '
        f'{{ "token.age" = {{ publicKeys = [ me host ]; armor = {str(armor).lower()}; }}; }}'
    )
    run("age", *["-a"] * armor, "-r", ssh_key, "-o", path, stdin=b"\x00\xffone")
    found = await here(repo)
    assert found.names == {" ".join(ssh_key.split()[:2]): "me", repo.other.public: "host"}
    (drift,) = await drifts(repo)
    assert drift.missing == (f"1 of {repo.other.public}",) and not drift.extra
    mine = (await repo.runner()).identities
    assert (await reveal_age(mine, path, "token.age")).reveal() == b"\x00\xffone"
    work = plan_updatekeys(found, found.files, mine.recipients, lockout=False)
    assert (await carried_out(repo, work, tmp_path)).outcome is Outcome.COMMITTED
    assert await drifts(repo) == []
    for identity in (key, repo.other.file):
        assert run("age", "-d", "-i", identity, path) == b"\x00\xffone"
    rule = found.files[0].age_rule
    assert rule is not None and rule.armor is armor
    await save_age(mine, path, "token.age", Secret("two"), rule)
    assert run("age", "-d", "-i", repo.other.file, path) == b"two"
    assert path.read_bytes().startswith(b"-----BEGIN") is armor


async def test_age_files_of_others_and_bad_keys(repo: Repo, ssh_key: str) -> None:
    path = repo.root / "t.age"
    mine = (await repo.runner()).identities
    path.write_bytes(b"")
    run("age", "-r", repo.other.public, "-o", path, stdin=b"x")
    with pytest.raises(SecretsError, match="none of your keys"):
        await reveal_age(mine, path, "t.age")
    for rule, said in (
        (AgeRule((), False), "nobody could read it"),
        (AgeRule((age_recipient("age1x"),), False), "is none"),
    ):
        with pytest.raises(SecretsError, match=said):
            await save_age(mine, path, "t.age", Secret("x"), rule)
    path.write_bytes(b"plain")
    with pytest.raises(SecretsError, match="not encrypted"):
        await reveal_age(mine, path, "t.age")
    assert msgspec.structs.asdict(rule)["armor"] is False


@pytest.mark.parametrize("ending", ["yaml", "json"])
async def test_a_rule_that_encrypts_other_values_is_followed_by_encrypting_anew(
    repo: Repo, tmp_path: Path, ending: str
) -> None:
    plain = '{"user": "u", "password": "p", "n": 5}' if ending == "json" else "# c\nuser: u\npassword: p\nn: 5\n"
    path = repo.encrypt(f"a.{ending}", plain, "--encrypted-regex", "^password$")
    (repo.root / ".sops.yaml").write_text(f"creation_rules:\n- age: {repo.me.public}\n")
    found, mine = await here(repo), (await repo.runner()).identities.recipients
    assert "only encrypting it anew changes that" in drift_of(found.files[0]).other[0]
    work = plan_reencrypt(found, found.files, mine)
    (row,) = work.plan.targets
    assert row.warnings == tuple(
        f"{name} was in plaintext, and git has it so: change the value itself" for name in ("user", "n")
    )
    assert (await carried_out(repo, work, tmp_path)).outcome is Outcome.COMMITTED
    assert await drifts(repo) == [] and repo.plain(path) == {"user": "u", "password": "p", "n": 5}
    assert all(leaf.encrypted for leaf in read_document(path.read_bytes(), path.name).leaves)
    assert ending == "json" or path.read_text().startswith("#ENC[")
    (repo.root / ".sops.yaml").write_text(f"creation_rules:\n- encrypted_regex: ^password$\n  age: {repo.me.public}\n")
    found = await here(repo)
    (row,) = plan_reencrypt(found, found.files, mine).plan.targets
    assert row.refused == "by its rule user, n would be in plaintext" and "--allow plaintext" in str(row.remedy)
    work = plan_reencrypt(found, found.files, mine, allowed=("plaintext",))
    assert (await carried_out(repo, work, tmp_path / "2")).outcome is Outcome.COMMITTED
    assert await drifts(repo) == []
    (row,) = plan_reencrypt(await here(repo), (await here(repo)).files, mine).plan.targets
    assert row.refused_as is Outcome.UNCHANGED


async def test_a_threshold_that_changed_is_followed(repo: Repo, tmp_path: Path) -> None:
    mine_twice = f"  - age: [{repo.me.public}]\n" * 2
    groups = f"  key_groups:\n{mine_twice}  - age: [{repo.other.public}]\n"
    (repo.root / ".sops.yaml").write_text("creation_rules:\n- shamir_threshold: 2\n" + groups)
    (repo.root / "a.yaml").write_text("a: b\n")
    repo.sops("encrypt", "-i", "a.yaml")
    (repo.root / ".sops.yaml").write_text("creation_rules:\n- shamir_threshold: 3\n" + groups)
    found, mine = await here(repo), (await repo.runner()).identities.recipients
    (row,) = plan_reencrypt(found, found.files, mine).plan.targets
    assert row.refused == "you could not read it any more"
    work = plan_reencrypt(found, found.files, mine, allowed=("lockout",))
    assert (await carried_out(repo, work, tmp_path)).outcome is Outcome.COMMITTED
    assert await drifts(repo) == []
    with pytest.raises(SecretsError, match="needs keys of 3 groups, and you have fewer"):
        await reveal(await repo.runner(), repo.root / "a.yaml", "a.yaml", ("a",))
