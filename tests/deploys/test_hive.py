"""Hives of Colmena, deployed by `nixtui deploy`: what is left on the host is what Colmena leaves there."""

import subprocess
from pathlib import Path
from secrets import token_hex

import pytest

from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.deploys.hive import HiveFlake, by_colmena, key, upload_by_colmena
from tests.lab.host import Host

pytestmark = pytest.mark.lab

SECRET = "se'same $(id) \\ \n\t-n ü"
TOKEN = "/run/keys/token"
LATER = "/var/lib/app/later"
KEYS = {
    "token": key(SECRET, TOKEN, user="deploy", group="ops", permissions="0440", uploadAt="pre-activation"),
    "later": key("open", LATER, user="plain", group="plain", permissions="0400", uploadAt="post-activation"),
}


@pytest.fixture
def hive(operator: Operator) -> HiveFlake:
    return HiveFlake.make(operator.flake)


def shown(host: Host) -> str:
    """The keys of a host: owner, permissions, what is in them, and the folders they are in."""
    return host.sh(f"stat -c '%n %U %G %a' /run/keys {TOKEN} /var/lib/app {LATER}; cat {TOKEN} {LATER}")


def test_a_node_and_its_keys_are_left_as_colmena_leaves_them(
    operator: Operator, hive: HiveFlake, hosts: list[Host]
) -> None:
    host, twin = hosts[0], hosts[1]
    hive.say(h1={"keys": KEYS})
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert f"key token is new in {TOKEN}; key later is new in {LATER}" in ended.json["hosts"][0]["detail"]
    assert leftovers(host) == ""

    assert operator.shell.run("deploy", "h2", "--action", "dry-activate", "--yes").code == 0  # only copied
    upload_by_colmena(twin, SECRET, TOKEN, user="deploy", group="ops", permissions="0440")
    (built,) = (path for path in Path(operator.shell.environ["XDG_STATE_HOME"]).rglob("systems/h2"))
    by_colmena(twin, str(built.resolve()))
    upload_by_colmena(twin, "open", LATER, user="plain", group="plain", permissions="0400")
    assert shown(host) == shown(twin)
    for each, name in ((host, "h1"), (twin, "h2")):
        assert truth(each).current == truth(each).profile == truth(each).boot_default
        assert f"-nixos-system-{name}-one-" in truth(each).current
        assert truth(each).number == each.generations[-1].number + 1


def test_keys_are_told_without_what_is_in_them_and_stay_when_they_are_the_same(
    operator: Operator, hive: HiveFlake, hosts: list[Host]
) -> None:
    hive.say(h1={"keys": KEYS})
    plan = operator.shell.run("deploy", "h1", "--dry-run")
    assert f"{TOKEN} (0440, deploy:ops, pre-activation)" in plan.out
    first = operator.shell.run("deploy", "h1", "--yes", "--events")
    assert first.code == 0, first.err
    inode = hosts[0].sh(f"stat -c %i {TOKEN}")
    again = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (again.code, again.json["hosts"][0]["outcome"]) == (0, "unchanged"), again.err
    assert hosts[0].sh(f"stat -c %i {TOKEN}") == inode
    hive.say(h1={"keys": {**KEYS, "token": key("other", TOKEN)}})
    changed = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (changed.code, changed.json["hosts"][0]["outcome"]) == (0, "committed"), changed.err
    assert hosts[0].sh(f"stat -c '%U %G %a' {TOKEN}; cat {TOKEN}") == "root root 600\nother"
    everything = "".join(each.out + each.err for each in (plan, first, again, changed))
    assert "same $(id)" not in everything
    home = operator.shell.environ["HOME"]
    found = subprocess.run(["grep", "-rlaF", "same $(id)", home], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    found = subprocess.run(["grep", "-rlaF", "c2UnYW1l", home], capture_output=True, text=True, check=False)
    assert found.stdout == ""


def test_a_key_from_a_command_and_one_from_a_file(operator: Operator, hive: HiveFlake, hosts: list[Host]) -> None:
    secret = operator.shell.directory.parent / "secret"
    secret.write_bytes(bytes(range(256)) * 40)
    told = {"text": None, "path": "/run/keys/told", "keyFile": None, "keyCommand": ["printf", "%s", "from a command"]}
    file = {"text": None, "path": "/run/keys/file", "keyFile": str(secret), "keyCommand": None}
    hive.say(h1={"keys": {"told": told, "file": file}})
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    assert hosts[0].sh("cat /run/keys/told") == "from a command"
    assert hosts[0].sh("sha256sum </run/keys/file | cut -c1-64") == _sha256(secret)


def _sha256(file: Path) -> str:
    return subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout[:64]


def test_nothing_is_activated_without_a_key_that_comes_before(
    operator: Operator, hive: HiveFlake, hosts: list[Host]
) -> None:
    before = truth(hosts[0])
    hive.say(h1={"keys": {"told": {"path": "/run/keys/told", "keyCommand": ["false"]}}})
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    (told,) = ended.json["hosts"]
    assert (ended.code, told["outcome"], told["phase"]) == (1, "failed", "keys")
    assert told["detail"] == "keyCommand of told failed (exit 1); nothing was activated"
    assert truth(hosts[0]) == before
    assert leftovers(hosts[0]) == ""


def test_an_owner_who_is_not_there_is_passed_over_before_and_a_failure_after_the_activation(
    operator: Operator, hive: HiveFlake, hosts: list[Host]
) -> None:
    hive.say(h1={"keys": {"token": key("open", TOKEN, user="nobody-yet")}})
    early = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert early.code == 0, early.err
    assert "key token belongs to root for now" in early.json["hosts"][0]["detail"]
    hive.say(h1={"keys": {"token": key("open", TOKEN, user="nobody-yet", uploadAt="post-activation")}})
    late = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (late.code, late.json["hosts"][0]["outcome"]) == (1, "failed")
    assert "there is no user nobody-yet" in late.json["hosts"][0]["detail"]


def test_what_is_to_be_built_on_its_target_is_built_there(
    operator: Operator, hive: HiveFlake, hosts: list[Host]
) -> None:
    hosts[0].sh("echo 'sandbox = false' >>/etc/nix/nix.conf")
    mark = f"r{token_hex(4)}"  # never built before, here or there
    operator.want_all(mark)
    hive.say(h1={"buildOnTarget": True})
    dry = operator.shell.run("deploy", "h1", "--dry-run", "--json")
    assert "builds it on the host itself" in dry.json["hosts"][0]["detail"]
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert f"-nixos-system-h1-{mark}-" in truth(hosts[0]).profile
    assert "copying" not in ended.err  # it is there
    (done,) = operator.shell.run("journal", "--json").json
    assert (done["kind"], done["outcome"]) == ("deploy", "committed")
    assert "up to here: build the system of h1" in operator.shell.run("journal", done["operation"]).out


def test_a_profile_that_is_not_known_here_is_not_replaced_where_the_hive_forbids_it(
    operator: Operator, hive: HiveFlake, hosts: list[Host]
) -> None:
    before = truth(hosts[0])
    hive.say(h1={"replaceUnknownProfiles": False})
    refused = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (refused.code, refused.json["hosts"][0]["outcome"]) == (5, "refused")
    assert "which this machine does not know" in refused.json["hosts"][0]["detail"]
    assert truth(hosts[0]) == before
    hive.say()
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    operator.want_all("two")
    hive.say(h1={"replaceUnknownProfiles": False})
    assert operator.shell.run("deploy", "h1", "--yes").code == 0  # what runs there was made here
