"""Who runs another revision than the hosts that should run the same, kept by difference."""

from random import Random

from nixtui.fleet.peers import Peers
from nixtui.fleet.state import FleetState
from nixtui.model.host import Host
from nixtui.model.status import HostFacts, HostState, HostStatus


def host(name: str, *, role: str | None = None, environment: str | None = "prod", attr: str | None = None) -> Host:
    tags = {"role": role} if role else {}
    return Host(name=name, address=name, tags=tags, environment=environment, flake_attr=attr)


def running(revision: str | None) -> HostStatus:
    return HostStatus(state=HostState.UP, observed_at=1.0, facts=HostFacts(configuration_revision=revision))


def test_one_of_many_stands_out_and_not_before_there_are_enough() -> None:
    peers = Peers()
    peers.put(host("web-1", role="web"), "new")
    peers.put(host("web-2", role="web"), "old")
    assert not peers.is_outlier("web-1")
    assert not peers.is_outlier("web-2")
    assert peers.put(host("web-3", role="web"), "new") == {"web-1", "web-2", "web-3"}
    assert [name for name in ("web-1", "web-2", "web-3") if peers.is_outlier(name)] == ["web-2"]
    assert peers.usual("web-2") == "new"


def test_half_and_half_is_nobody_s_fault() -> None:
    peers = Peers()
    for number in range(6):
        peers.put(host(f"web-{number}", role="web"), "new" if number % 2 else "old")
    assert not any(peers.is_outlier(f"web-{number}") for number in range(6))


def test_peers_are_of_one_role_and_environment_or_of_one_name_but_for_numbers() -> None:
    peers = Peers()
    for number in range(3):
        peers.put(host(f"web-{number}", role="web"), "new")
        peers.put(host(f"db{number}", environment=None), "old")
    peers.put(host("stage-1", role="web", environment="staging"), "next")
    peers.put(host("db77", environment=None), "new")
    peers.put(host("odd-name", environment=None, attr="db9"), "new")
    assert [name for name in ("stage-1", "db77", "odd-name", "web-0") if peers.is_outlier(name)] == ["db77", "odd-name"]


def test_a_host_nobody_knows_of_is_no_outlier() -> None:
    peers = Peers()
    for number in range(3):
        peers.put(host(f"web-{number}"), "new")
    assert not peers.is_outlier("elsewhere")
    peers.put(host("web-9"), None)
    assert not peers.is_outlier("web-9")


def test_changes_lead_to_the_same_as_starting_anew() -> None:
    random = Random(5)  # noqa: S311
    hosts = [host(f"{role}-{number}", role=role) for role in ("web", "db") for number in range(7)]
    kept, runs = Peers(), {}
    for _ in range(500):
        each = random.choice(hosts)
        if random.random() < 0.1:
            runs.pop(each.name, None)
            kept.drop(each.name)
        else:
            runs[each.name] = random.choice(("a", "b", None))
            before = {other.name for other in hosts if kept.is_outlier(other.name)}
            told = kept.put(each, runs[each.name])
            after = {other.name for other in hosts if kept.is_outlier(other.name)}
            assert before ^ after <= told | {each.name}
        anew = Peers()
        for other in hosts:
            if other.name in runs:
                anew.put(other, runs[other.name])
        assert [kept.is_outlier(o.name) for o in hosts] == [anew.is_outlier(o.name) for o in hosts]


def test_the_fleet_tells_of_a_host_that_became_odd_because_the_others_changed() -> None:
    fleet = FleetState([host(f"web-{number}", role="web") for number in range(3)])
    for number in range(3):
        fleet.apply(f"web-{number}", running("old"))
    feed = fleet.subscribe(lambda: None)
    fleet.apply("web-0", running("new"))
    feed.take()
    fleet.apply("web-1", running("new"))
    assert "web-2" in feed.take().names
    assert fleet.peers.is_outlier("web-2")
    fleet.set_hosts([host("web-1", role="web"), host("web-2", role="web")])
    assert not fleet.peers.is_outlier("web-2")


def test_a_host_that_changes_its_role_has_other_peers() -> None:
    fleet = FleetState([host(f"web-{number}", role="web") for number in range(4)])
    for number in range(4):
        fleet.apply(f"web-{number}", running("old" if number == 3 else "new"))
    assert fleet.peers.is_outlier("web-3")
    fleet.set_hosts([host(f"web-{number}", role="db" if number == 3 else "web") for number in range(4)])
    assert not fleet.peers.is_outlier("web-3")


def test_environments_are_tallied_as_hosts_change() -> None:
    fleet = FleetState([host("a"), host("b"), host("c", environment="staging")])
    tally = fleet.counts.tallies["prod"]
    assert (tally.known, tally.answering) == (2, 0)
    facts = HostFacts(failed_units=("nginx.service",), current_system="/x", profile_system="/y", reboot_needed=True)
    fleet.apply("a", HostStatus(state=HostState.DEGRADED, observed_at=1.0, facts=facts))
    fleet.apply("b", HostStatus(state=HostState.UNREACHABLE))
    assert (tally.answering, tally.failing, tally.drifting, tally.reboot, tally.unreachable) == (1, 1, 1, 1, 1)
    for state in (HostState.AUTH_FAILED, HostState.HOST_KEY_CHANGED, HostState.HOST_KEY_UNKNOWN):
        fleet.apply("b", HostStatus(state=state))
        assert (tally.unreachable, tally.locked_out) == (0, 1)
    fleet.apply("a", HostStatus(state=HostState.CONNECTING))
    fleet.set_hosts([host("c", environment="staging")])
    assert (tally.known, tally.answering, tally.failing, tally.locked_out) == (0, 0, 0, 0)
