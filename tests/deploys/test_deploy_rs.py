"""Flakes of deploy-rs, deployed by `nixtui deploy`: what is left on the host is what deploy-rs leaves there."""

from pathlib import Path

import pytest

from tests.activation.conftest import leftovers
from tests.deploys.conftest import Operator
from tests.deploys.deploy_rs import NodesFlake, by_deploy_rs
from tests.lab.host import Host

pytestmark = pytest.mark.lab

SYSTEM = "/nix/var/nix/profiles/system"

SYSTEMS = """{
  nodes = builtins.mapAttrs (name: configuration: {
    hostname = name;
    profiles.system = { user = "root"; sshUser = "root"; path = lib.nixos configuration; };
  }) fleet.nixosConfigurations;
}"""


@pytest.fixture
def nodes(operator: Operator) -> NodesFlake:
    made = NodesFlake.make(operator.flake)
    made.deploy(SYSTEMS)
    return made


def system_in(host: Host, profile: str) -> str:
    return host.sh(f"dirname $(readlink -f {profile}/nixos-version)")


def boots(host: Host) -> str:
    """The system that a host's next boot starts: the default where there is one, else that of the newest entry."""
    text = "cat /boot/loader/loader.conf"
    if any(line.startswith("default") for line in host.sh(text).splitlines()):
        return host.boot_default()
    newest = host.generation_numbers()[-1]
    return host.sh(
        f"sed -n 's|^options .*init=\\([^ ]*\\)/init.*|\\1|p' /boot/loader/entries/nixos-generation-{newest}.conf"
    )


def test_the_profile_is_what_deploy_rs_wraps_and_the_system_in_it_runs(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    host, twin = hosts[0], hosts[1]
    closure = host.profile().path
    assert "-activatable-nixos-system-h1-one-26.05" in closure
    assert Path(closure, "deploy-rs-activate").exists()
    assert host.current_system() == boots(host) == system_in(host, closure) == ended.json["hosts"][0]["to_system"]
    assert leftovers(host) == ""

    assert operator.shell.run("deploy", "h2", "--action", "dry-activate", "--yes").code == 0  # only copied
    by_deploy_rs(twin, nodes.path("h2"), SYSTEM)
    for each, name in ((host, "h1"), (twin, "h2")):
        assert each.profile().path == nodes.path(name)
        assert each.current_system() == boots(each) == system_in(each, nodes.path(name))
        assert each.profile().number == each.generations[-1].number + 1


def test_what_runs_already_is_said_and_a_generation_of_deploy_rs_is_gone_back_to(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    first = host.profile()
    again = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (again.code, again.json["hosts"][0]["outcome"]) == (0, "unchanged"), again.err
    assert f"{first.number}*" not in operator.shell.run("status", "h1").out  # it runs what its profile says
    operator.want_all("two")
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    assert host.profile().number == first.number + 1
    back = operator.shell.run("rollback", "h1", "--to", "previous", "--yes", "--json")
    assert back.code == 0, back.out + back.err
    assert back.json["hosts"][0]["to"] == first.number
    assert host.profile() == first
    assert "-one-26.05" in host.current_system()
    assert boots(host) == host.current_system()
    listed = operator.shell.run("generations", "h1", "--json").json
    (running,) = [each for each in listed if each["running"]]
    assert running["number"] == first.number


def test_a_system_that_fails_goes_back_to_what_another_tool_had_left(
    operator: Operator, nodes: NodesFlake, hosts: list[Host]
) -> None:
    host = hosts[0]
    assert operator.shell.run("deploy", "h1", "--yes").code == 0
    before = (host.current_system(), host.profile(), boots(host))
    operator.want_all("two", h1={"breaks": True})
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert (ended.code, ended.json["hosts"][0]["outcome"]) == (1, "reverted"), ended.err
    assert (host.current_system(), host.profile(), boots(host)) == before
    assert leftovers(host) == ""
