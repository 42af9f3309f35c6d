"""Hosts that fetch their own system, under the guard all the same."""

import pytest

from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.deploys.pulling import make_pullable, offer
from tests.lab.host import Host

pytestmark = pytest.mark.lab

FLAKE = "github:shop/infra#web"
HUB = "shop/infra/*#nixosConfigurations.web"


def settle(operator: Operator, host: Host, *, how: str = f'pull = "{FLAKE}"') -> None:
    """The host, and only it, pulls."""
    make_pullable(host)
    operator.configure(hosts=f"[hosts.{host.name}]\n{how}\n")


@pytest.mark.parametrize(
    ("how", "ran"),
    [
        (f'pull = "{FLAKE}"', [f"nixos-rebuild switch --flake {FLAKE} /root"]),
        (f'fh = "{HUB}"', ["determinate-nixd login aws /root", f"fh apply nixos {HUB} switch /root"]),
    ],
)
def test_a_host_fetches_its_system_and_keeps_it(operator: Operator, host: Host, how: str, ran: list[str]) -> None:
    settle(operator, host, how=how)
    offer(host, host.variants["good"])
    ended = operator.shell.run("deploy", "--yes", "--json")
    assert ended.code == 0, ended.err
    (told,) = ended.json["hosts"]
    assert (told["outcome"], told["detail"]) == ("committed", "runs, boots and is the profile")
    now = truth(host)
    assert now.current == now.profile == now.boot_default == host.variants["good"]
    assert now.number == host.generations[-1].number + 1
    assert host.sh("cat /var/tmp/pulled").splitlines() == ran
    assert leftovers(host) == ""
    again = operator.shell.run("deploy", "--yes", "--json")
    assert again.json["hosts"][0]["outcome"] == "unchanged", again.err
    assert truth(host) == now


@pytest.mark.parametrize(
    ("how", "variant", "why"),
    [
        (f'pull = "{FLAKE}"', "unit-fails", "the command failed"),
        (f'fh = "{HUB}"', "unit-fails", "unit-fails.service"),
        (f'fh = "{HUB}"', "check-fails", "the command did not switch"),
        (f'pull = "{FLAKE}"', "cuts-network", ""),
    ],
)
def test_what_it_fetched_goes_back_with_profile_and_boot_entry(
    operator: Operator, host: Host, how: str, variant: str, why: str
) -> None:
    before = truth(host)
    settle(operator, host, how=how)
    offer(host, host.variants[variant])
    ended = operator.shell.run("deploy", "--yes", "--json", timeout=120)
    (told,) = ended.json["hosts"]
    assert (ended.code, told["outcome"]) == (1, "reverted"), ended.err
    assert why in told["detail"]
    assert truth(host) == before
    assert host.generation_numbers() == tuple(each.number for each in host.generations)
    assert leftovers(host) == ""


def test_a_command_that_comes_to_nothing_is_a_failure_and_no_more(operator: Operator, host: Host) -> None:
    before = truth(host)
    settle(operator, host)
    ended = operator.shell.run("deploy", "--yes", "--json")
    (told,) = ended.json["hosts"]
    assert (ended.code, told["outcome"]) == (1, "failed"), ended.err
    assert "profile and boot entry are as they were" in told["detail"]
    assert truth(host) == before


def test_without_the_operator_it_goes_back_by_itself(operator: Operator, host: Host) -> None:
    before = truth(host)
    settle(operator, host)
    offer(host, host.variants["slow"])
    host.set_slow_seconds(120)
    process = operator.shell.start("deploy", "--yes")
    host.wait_until(lambda: truth(host).profile != before.profile, what="the new profile", within=60)
    process.kill()
    process.communicate()
    host.wait_until(lambda: host.run("test -e /run/nixtui/lock").code != 0, what="the end of it", within=60)
    assert truth(host) == before
    assert host.running_processes("switch-to-configuration") == ()


def test_for_the_next_boot_only(operator: Operator, host: Host) -> None:
    before = truth(host)
    settle(operator, host)
    offer(host, host.variants["good"])
    ended = operator.shell.run("deploy", "--action", "boot", "--yes", "--json")
    assert ended.code == 0, ended.err
    now = truth(host)
    assert (now.current, now.profile, now.boot_default) == (before.current, *[host.variants["good"]] * 2)
    offer(host, host.variants["boot-fails"])
    failed = operator.shell.run("deploy", "--action", "boot", "--yes", "--json")
    assert (failed.code, failed.json["hosts"][0]["outcome"]) == (1, "failed")
    assert truth(host) == now


def test_what_cannot_be_had_of_fh_is_said(operator: Operator, host: Host) -> None:
    operator.configure(hosts=f'[hosts.{host.name}]\nfh = "{HUB}"\n')
    lacking = operator.shell.run("deploy", "--yes", "--json")
    assert lacking.json["hosts"][0]["detail"] == "it is to pull its system, and has no determinate-nixd and no fh"
    make_pullable(host)
    test = operator.shell.run("deploy", "--action", "test", "--yes", "--json")
    assert (test.code, test.json["hosts"][0]["outcome"]) == (5, "refused")
    assert "fh sets the profile for test as well" in test.json["hosts"][0]["detail"]


def test_what_it_would_change_is_asked_of_nixos_rebuild(operator: Operator, host: Host) -> None:
    before = truth(host)
    settle(operator, host)
    offer(host, host.variants["unit-fails"])
    ended = operator.shell.run("deploy", "--action", "dry-activate", "--yes", "--events")
    assert ended.code == 0, ended.err
    assert "would activate the configuration..." in ended.out
    assert truth(host) == before


def test_a_rollout_that_fails_later_takes_back_what_was_fetched(operator: Operator, hosts: list[Host]) -> None:
    before = [truth(host) for host in hosts[:2]]
    for host, variant in zip(hosts[:2], ("good", "unit-fails"), strict=True):
        make_pullable(host)
        offer(host, host.variants[variant])
    text = "".join(f'[hosts.{host.name}]\npull = "{FLAKE}"\n' for host in hosts[:2])
    operator.configure('\n[rollout]\ncanary = 1\non_failure = "revert"\n', hosts=text)
    ended = operator.shell.run("deploy", "--yes", "--json", timeout=120)
    assert ended.code == 1, ended.err
    assert [each["outcome"] for each in ended.json["hosts"]] == ["reverted", "reverted"], ended.out
    assert [truth(host) for host in hosts[:2]] == before
