"""Where systems are built, with a real Nix on every side: on other hosts, by Nix's own list, and by way of a cache."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex

import pytest

from tests.activation.conftest import truth
from tests.deploys.conftest import Operator
from tests.deploys.deploy_rs import NodesFlake
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def has(host: Host, path: str) -> bool:
    return host.run(f"nix-store --check-validity {path}").code == 0


def built(out: str) -> str:
    """The one store path that a build printed."""
    (line,) = out.splitlines()
    return line.split()[1]


def unlike_any(operator: Operator, **special: dict[str, object]) -> None:
    """Systems that were never built, here or there."""
    operator.want_all(f"x{token_hex(4)}", **special)


def test_a_host_of_the_fleet_builds_and_the_result_comes_back(operator: Operator, hosts: list[Host]) -> None:
    """Over nixtui's way to it: its name is known to no other ssh."""
    unlike_any(operator)
    ended = operator.shell.run("build", "h1", "--on", "h2", "--yes")
    assert ended.code == 0, ended.err
    system = built(ended.out)
    assert has(hosts[1], system)
    assert not has(hosts[0], system)
    assert Path(system).exists()


def test_what_is_left_where_it_was_built_is_not_here(operator: Operator, hosts: list[Host]) -> None:
    unlike_any(operator)
    ended = operator.shell.run("build", "h1", "--on", "h2", "--leave", "--push-to", "h3", "--yes")
    assert ended.code == 0, ended.err
    system = built(ended.out)
    assert [has(host, system) for host in hosts] == [False, True, True]
    assert not Path(system).exists()


def test_each_host_builds_its_own(operator: Operator, hosts: list[Host]) -> None:
    unlike_any(operator)
    ended = operator.shell.run("build", "--on", "target", "--yes")
    assert ended.code == 0, ended.err
    systems = [line.split()[1] for line in ended.out.splitlines()]
    for own, system in zip(hosts, systems, strict=True):
        assert [has(host, system) for host in hosts] == [host is own for host in hosts]


def test_nix_itself_distributes_to_machines_that_are_hosts(operator: Operator, hosts: list[Host]) -> None:
    unlike_any(operator)
    machines = "ssh-ng://h3 x86_64-linux"
    ended = operator.shell.run("build", "h1", "--builders", machines, "--option", "max-jobs", "0")
    assert ended.code == 0, ended.err
    assert "built on ssh-ng://h3" in ended.err
    assert has(hosts[2], built(ended.out))


def test_a_deploy_is_built_where_it_is_said_and_after_a_yes(operator: Operator, hosts: list[Host]) -> None:
    unlike_any(operator)
    before = truth(hosts[0])
    refused = operator.shell.run("deploy", "h1", "--on", "h2")
    assert (refused.code, truth(hosts[0])) == (5, before)
    ended = operator.shell.run("deploy", "h1", "--on", "h2", "--yes", "--json")
    assert ended.code == 0, ended.err
    system = ended.json["hosts"][0]["to_system"]
    assert truth(hosts[0]).current == system
    assert has(hosts[1], system)


def test_a_deploy_is_built_by_each_target_for_itself(operator: Operator, hosts: list[Host]) -> None:
    unlike_any(operator)
    ended = operator.shell.run("deploy", "--on", "target", "--yes", "--json")
    assert ended.code == 0, ended.err
    systems = [each["to_system"] for each in ended.json["hosts"]]
    for own, system in zip(hosts, systems, strict=True):
        assert [has(host, system) for host in hosts] == [host is own for host in hosts]
        assert truth(own).current == truth(own).profile == system


def test_a_node_that_builds_itself_is_reached_as_nixtui_reaches_it(operator: Operator, hosts: list[Host]) -> None:
    """No NIX_SSHOPTS, and no host of that name for any other ssh."""
    nodes = NodesFlake.make(operator.flake)
    unlike_any(operator)
    nodes.deploy(
        '{ remoteBuild = true; nodes.h1 = { hostname = "h1"; profiles.system = { user = "root"; '
        "path = lib.nixos fleet.nixosConfigurations.h1; }; }; }"
    )
    ended = operator.shell.run("deploy", "h1", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert hosts[0].profile().path == nodes.path("h1")


class _Asked(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        self.server.asked.append(self.path)  # type: ignore[attr-defined]  # the server below has it


@contextmanager
def served(folder: Path, address: str) -> Iterator[tuple[str, list[str]]]:
    """A cache as any web server has one: its address, and what it was asked for."""
    folder.mkdir(exist_ok=True)
    server = ThreadingHTTPServer((address, 0), partial(_Asked, directory=str(folder)))
    asked = server.asked = []  # type: ignore[attr-defined]  # for the handler
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_hosts_take_it_from_a_cache_instead_of_being_sent_it(operator: Operator, hosts: list[Host]) -> None:
    unlike_any(operator)
    folder = operator.shell.directory.parent / "cache"
    operator_side = f"{hosts[0].address.rpartition('.')[0]}.1"
    with served(folder, operator_side) as (address, asked):
        pushed = operator.shell.run("build", "h1", "--push-to", f"file://{folder}", "--yes")
        assert pushed.code == 0, pushed.err
        name = Path(built(pushed.out)).name.partition("-")[0]
        assert (folder / f"{name}.narinfo").exists()
        hosts[0].sh(f"echo 'substituters = {address}' >>/etc/nix/nix.conf")
        ended = operator.shell.run("deploy", "h1", "--substitute-on-destination", "--yes", "--json")
        assert ended.code == 0, ended.err
        assert any(each.endswith(f"{name}.narinfo") for each in asked)
        assert sum("/nar/" in each for each in asked) > 0
    assert truth(hosts[0]).current == built(pushed.out)


def test_what_is_neither_a_store_nor_a_host_is_said(operator: Operator) -> None:
    ended = operator.shell.run("build", "h1", "--push-to", "s3-is-no-host")
    assert ended.code == 2
    assert "neither a store (s3://…, file://…) nor a host of the fleet" in ended.err
