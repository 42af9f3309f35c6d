"""Hosts that come and people who go: rules change by a line, files follow, and nothing else moves."""

import json
import random
from pathlib import Path

import pytest

from nixtui.operations.report import Outcome
from nixtui.secrets.agenix import read_age_rules
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.membership import plan_add_host, plan_offboard
from nixtui.secrets.recipient import ssh_to_age
from nixtui.secrets.repository import drift_of, look_around
from nixtui.secrets.rule_text import with_recipient, without_recipient
from nixtui.secrets.rules import parse_rules
from nixtui.secrets.work import Work
from tests.secrets.conftest import Repo, run
from tests.secrets.test_command import secrets
from tests.secrets.test_repository import carried_out

NIX = "experimental-features = nix-command flakes\n"
A, B, NEW = (f"age1{sign * 58}" for sign in "qpz")


@pytest.fixture
def host_key(repo: Repo) -> str:
    file = repo.home / "host"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root@web", "-f", file)
    return file.with_name("host.pub").read_text()


ANCHORED = f"""\
# who
keys:
  - &ada {A} # since 2019
  - &bob {B}
creation_rules:
  # for all
  - path_regex: all/.*
    key_groups:
      - age:
          - *ada   # the boss
          - *bob
  - path_regex: few/.*
    age: *ada
"""


@pytest.mark.parametrize(
    ("text", "numbers", "came"),
    [
        (ANCHORED, [1], [f"  - &web {NEW}", "          - *web"]),
        (f"creation_rules:\n- age:\n  - {A}\n", [1], [f"  - {NEW} # web"]),
        (f"creation_rules:\n- age: [{A}, '{B}']\n", [1], [f"- age: [{A}, '{B}', {NEW}]"]),
        (f"creation_rules:\n- age: {A},{B}", [1], [f"- age: {A},{B},{NEW}"]),
        (f'creation_rules:\n- age: "{A}"\n', [1], [f'- age: "{A},{NEW}"']),
        (f"creation_rules:\n- age: >-\n    {A},\n    {B}\n  pgp: F\n", [1], [f"    {B},", f"    {NEW}"]),
        (
            f"all: &all\n  - {A}\ncreation_rules:\n- path_regex: ä\n  age: *all\n- age: *all\n",
            [1],
            [f"  - {NEW} # web"],
        ),
    ],
)
def test_a_recipient_is_added_as_people_write(text: str, numbers: list[int], came: list[str]) -> None:
    path = Path(".sops.yaml")
    after = with_recipient(path, text, numbers, "web", NEW)
    assert [line for line in after.splitlines() if line not in text.splitlines()] == came
    assert [line for line in text.splitlines() if line not in after.splitlines()] in (
        [],
        [text.splitlines()[-1]],
        [f"    {B}"],
    )
    for number in numbers:
        assert NEW in {each.identity for each in parse_rules(path, after).rules[number - 1].recipients}
    again = without_recipient(path, after, [NEW])
    assert again == text or parse_rules(path, again).rules == parse_rules(path, text).rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ANCHORED.replace("age: *ada", "pgp: X"), "rule 2 has no list of age keys"),
        (
            f"creation_rules:\n- path_regex: x\n  age: {A}\n- key_groups:\n  - age: [{A}]\n  - age: [{B}]\n",
            "several key groups",
        ),
        ("creation_rules: []\n", "rule 2 is not where it was"),
    ],
)
def test_what_cannot_be_changed_safely_is_for_a_person(text: str, said: str) -> None:
    with pytest.raises(SecretsError, match=said) as caught:
        with_recipient(Path(".sops.yaml"), text, [2], "web", NEW)
    assert "by hand" in str(caught.value)


STYLES = (
    lambda keys, indent: "\n" + "".join(f"{indent}- {key} # c\n" for key in keys),
    lambda keys, _: " [" + ", ".join(keys) + "]\n",
    lambda keys, _: " [ '" + "' , '".join(keys) + "' ] # c\n",
    lambda keys, _: " " + ",".join(keys) + "\n",
    lambda keys, _: ' "' + ", ".join(keys) + '"\n',
    lambda keys, indent: " >-\n" + ",\n".join(f"{indent}  {key}" for key in keys) + "\n",
)


@pytest.mark.parametrize("seed", range(25))
def test_rules_in_any_style_are_changed_as_meant_or_not_at_all(seed: int) -> None:
    """Random files: what is added and taken away again leaves every rule as it was, and comments in their places."""
    chance = random.Random(seed)  # noqa: S311
    names, known = ("ada", "bob", "olga", "x"), [f"age1{sign * 58}" for sign in "qpry"]
    text, anchored = "# head\n", chance.random() < 0.5
    if anchored:
        text += "keys:\n" + "".join(f"  - &{name[0]} {key}\n" for name, key in zip(names, known, strict=True))
    text += "creation_rules:\n"
    for number in range(3):
        keys = chance.sample(known, chance.randint(2, 4))
        style = chance.choice(STYLES)
        if anchored and style in STYLES[:2]:
            keys = [f"*{names[known.index(each)][0]}" for each in keys]
        grouped = chance.random() < 0.4
        text += f"  # rule\n  - path_regex: r{number}\n"
        text += ("    key_groups:\n      - age:" if grouped else "    age:") + style(keys, " " * (10 if grouped else 6))
    path, before = Path(".sops.yaml"), parse_rules(Path(".sops.yaml"), text)
    numbers = chance.sample([1, 2, 3], chance.randint(1, 3))
    after = with_recipient(path, text, numbers, "new one", NEW)
    for number, rule in enumerate(parse_rules(path, after).rules, 1):
        assert (NEW in {each.identity for each in rule.recipients}) is (number in numbers)
    assert [line for line in after.splitlines() if line.strip().startswith("#")] == ["# head", *["  # rule"] * 3]
    assert parse_rules(path, without_recipient(path, after, [NEW])).rules == before.rules
    gone = without_recipient(path, after, [known[0]])
    assert known[0] not in gone and gone.count("# rule") == 3


def test_the_last_one_cannot_go() -> None:
    with pytest.raises(SecretsError, match="nobody"):
        without_recipient(Path(".sops.yaml"), ANCHORED, [A])


def test_a_name_that_is_taken_gets_another_anchor() -> None:
    after = with_recipient(Path(".sops.yaml"), ANCHORED, [1], "ada", NEW)
    assert f"- &ada_2 {NEW}" in after and "- *ada_2" in after


def fill(repo: Repo) -> None:
    (repo.root / ".sops.yaml").write_text(
        f"# rules\nkeys:\n- &me {repo.me.public}\n- &other {repo.other.public}\n"
        "creation_rules:\n- path_regex: shared\n  age:\n  - *me\n  - *other\n- age:\n  - *me\n"
    )
    both = f"{repo.me.public},{repo.other.public}"
    repo.encrypt("shared/a.yaml", "db:\n    password: p\n    user: u\n", to=both)
    repo.encrypt("shared/b.yaml", "x: y\n", to=both)
    repo.encrypt("mine.yaml", "x: y\n")


async def after(repo: Repo, work: Work, tmp_path: Path) -> None:
    report = await carried_out(repo, work, tmp_path)
    assert report.outcome is Outcome.COMMITTED, [(each.name, each.detail) for each in report.targets]


async def test_a_host_is_added_to_rules_and_files(repo: Repo, host_key: str, tmp_path: Path) -> None:
    fill(repo)
    found = await look_around(repo.root, repo.environ)
    mine = (await repo.runner()).identities.recipients
    before = (repo.root / "mine.yaml").read_bytes()
    asked = [each for each in found.files if each.name == "shared/a.yaml"]
    work = await plan_add_host(found, "web", host_key, asked, mine, repo.environ)
    assert [row.name for row in work.plan.targets] == [".sops.yaml", "shared/a.yaml", "shared/b.yaml"]
    rules, one, other = work.plan.targets
    assert rules.warnings == (f"+ - &web {ssh_to_age(host_key)}", "+ - *web")
    assert one.warnings == ("adds web",) and other.warnings == ("adds web", "has the same rule")
    await after(repo, work, tmp_path)
    now = await look_around(repo.root, repo.environ)
    assert [each.name for each in now.files if drift_of(each).is_any] == []
    assert now.called(ssh_to_age(host_key) or "") == "web" and (repo.root / "mine.yaml").read_bytes() == before
    assert "# rules\n" in (repo.root / ".sops.yaml").read_text()
    again = await plan_add_host(
        now, "web", host_key, [each for each in now.files if each.name == "shared/a.yaml"], mine, repo.environ
    )
    assert not again.plan.acting_on


async def test_rules_that_somebody_changed_meanwhile_stop_all_of_it(repo: Repo, host_key: str, tmp_path: Path) -> None:
    fill(repo)
    found = await look_around(repo.root, repo.environ)
    mine = (await repo.runner()).identities.recipients
    work = await plan_add_host(found, "web", host_key, found.files, mine, repo.environ)
    (repo.root / ".sops.yaml").write_text((repo.root / ".sops.yaml").read_text() + "# more\n")
    before = [each.path.read_bytes() for each in found.files]
    report = await carried_out(repo, work, tmp_path)
    assert report.targets[0].outcome is Outcome.FAILED and "not the one of the plan" in str(report.targets[0].detail)
    assert all("rules could not be written" in str(each.detail) for each in report.targets[1:])
    assert [each.path.read_bytes() for each in found.files] == before


async def test_somebody_who_goes_reads_nothing_new(repo: Repo, tmp_path: Path) -> None:
    fill(repo)
    old = (repo.root / "shared/a.yaml").read_text()
    found = await look_around(repo.root, repo.environ)
    work, departure = await plan_offboard(found, "other", (await repo.runner()).identities.recipients, repo.environ)
    assert departure.readable == {"shared/a.yaml": ("db/password", "db/user"), "shared/b.yaml": ("x",)}
    assert any("shared/a.yaml: db/password, db/user" in each for each in work.plan.warnings)
    await after(repo, work, tmp_path)
    assert repo.other.public not in (repo.root / ".sops.yaml").read_text()
    assert repo.plain(repo.root / "shared/a.yaml") == {"db": {"password": "p", "user": "u"}}
    new = (repo.root / "shared/a.yaml").read_text()
    assert repo.other.public not in new
    # the old data key does not open what is written now: an old block of recipients in the new file is of no use
    mixed = new.partition("sops:")[0] + "sops:" + old.partition("sops:")[2]
    (repo.root / "mixed.yaml").write_text(mixed)
    repo.environ["SOPS_AGE_KEY_FILE"] = str(repo.other.file)
    assert b"message authentication failed" in repo.sops("decrypt", "--ignore-mac", "mixed.yaml", check=False)


async def test_i_cannot_offboard_myself_by_accident(repo: Repo) -> None:
    fill(repo)
    found = await look_around(repo.root, repo.environ)
    with pytest.raises(SecretsError, match="nobody could read"):
        await plan_offboard(found, "me", (await repo.runner()).identities.recipients, repo.environ)
    with pytest.raises(SecretsError, match="no recipient is called eve; known are: me, other"):
        await plan_offboard(found, "eve", frozenset(), repo.environ)
    (repo.root / ".sops.yaml").write_text(
        (repo.root / ".sops.yaml").read_text().replace("- age:\n  - *me\n", "- age: [*me, *other]\n")
    )
    found = await look_around(repo.root, repo.environ)
    with pytest.raises(SecretsError, match=r"you could not read mine\.yaml, .* any more; let somebody who stays do it"):
        await plan_offboard(found, "me", (await repo.runner()).identities.recipients, repo.environ)


async def test_files_that_i_cannot_open_are_left_to_those_who_can(repo: Repo, host_key: str, tmp_path: Path) -> None:
    fill(repo)
    repo.encrypt("shared/theirs.yaml", "x: y\n", to=repo.other.public)
    found = await look_around(repo.root, repo.environ)
    mine = (await repo.runner()).identities.recipients
    work = await plan_add_host(found, "web", host_key, found.files, mine, repo.environ)
    refused = {row.name: row.refused for row in work.plan.targets if row.refused}
    assert refused == {"shared/theirs.yaml": "none of your keys opens it"}
    report = await carried_out(repo, work, tmp_path)
    assert report.outcome is Outcome.PARTIAL


AGE_RULES = """let
  me = "%s";
  other = "%s";
  all = [ me other ];
in {
  "a.age".publicKeys = [ me other ];
  "deep/b.age" = { publicKeys = all ++ [ me ]; armor = true; };
  "mine.age".publicKeys = [ me ];
}
"""


@pytest.fixture
def aged(repo: Repo) -> Repo:
    repo.environ["NIX_CONFIG"] = NIX
    (repo.root / "secrets.nix").write_text(AGE_RULES % (repo.me.public, repo.other.public))
    for name, to in (("a.age", (repo.me, repo.other)), ("deep/b.age", (repo.me, repo.other)), ("mine.age", (repo.me,))):
        (repo.root / name).parent.mkdir(exist_ok=True)
        run("age", *(word for each in to for word in ("-r", each.public)), "-o", repo.root / name, stdin=b"x")
    return repo


async def test_a_host_is_added_to_age_files(aged: Repo, host_key: str, tmp_path: Path) -> None:
    found = await look_around(aged.root, aged.environ)
    mine = (await aged.runner()).identities.recipients
    asked = [each for each in found.files if each.name in ("a.age", "deep/b.age")]
    work = await plan_add_host(found, "web", host_key, asked, mine, aged.environ)
    assert [row.name for row in work.plan.targets] == ["secrets.nix", "a.age", "deep/b.age"]
    await after(aged, work, tmp_path)
    for name in ("a.age", "deep/b.age"):
        assert run("age", "-d", "-i", aged.home / "host", aged.root / name) == b"x"
    rules = await read_age_rules(aged.root / "secrets.nix", aged.environ)
    assert rules.names[" ".join(host_key.split()[:2])] == "web"
    assert "publicKeys = all ++ [ me web ]" in (aged.root / "secrets.nix").read_text()


async def test_somebody_who_goes_is_no_recipient_of_age_files(aged: Repo, tmp_path: Path) -> None:
    found = await look_around(aged.root, aged.environ)
    work, departure = await plan_offboard(found, "other", (await aged.runner()).identities.recipients, aged.environ)
    assert departure.readable == {"a.age": ("all of it",), "deep/b.age": ("all of it",)}
    await after(aged, work, tmp_path)
    assert "other" not in (aged.root / "secrets.nix").read_text()
    for name in ("a.age", "deep/b.age"):
        assert run("age", "-d", "-i", aged.me.file, aged.root / name) == b"x"
        assert run("age", "-d", "-i", aged.other.file, aged.root / name, check=False) == b""


async def test_rules_of_age_that_cannot_be_changed_safely(aged: Repo, host_key: str) -> None:
    text = 'let f = keys: { publicKeys = keys; }; in { "a.age" = f [ "%s" ]; "deep/b.age" = f [ "%s" ]; }\n'
    (aged.root / "secrets.nix").write_text(text % (aged.me.public, aged.me.public))
    found = await look_around(aged.root, aged.environ)
    asked = [each for each in found.files if each.name == "a.age"]
    with pytest.raises(SecretsError, match="edit it by hand, then nixtui secrets rekey"):
        await plan_add_host(found, "web", host_key, asked, frozenset(), aged.environ)
    assert [each.name for each in aged.root.iterdir() if each.name.startswith(".nixtui")] == []


def test_offboard_on_the_command_line(repo: Repo) -> None:
    fill(repo)
    done = secrets(repo, "offboard", "other", "--dry-run")
    assert done.returncode == 0 and "change these values themselves" in done.stdout, done.stdout + done.stderr
    done = secrets(repo, "offboard", "other", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["must_change"] == {"shared/a.yaml": ["db/password", "db/user"], "shared/b.yaml": ["x"]}
    assert [each["outcome"] for each in told["hosts"]] == ["committed"] * 3
    assert secrets(repo, "drift").returncode == 0
    assert secrets(repo, "offboard", "other", "--yes").returncode == 1
