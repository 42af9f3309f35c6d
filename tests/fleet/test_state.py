"""The fleet in memory: what is known, what is counted, and who hears of a change."""

import asyncio
import itertools

import msgspec
import pytest

from nixtui.fleet.state import Changes, FleetState
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId, Machine
from nixtui.model.status import HostFacts, HostState, HostStatus
from tests.fleet.hosts_in_memory import named

UP = HostStatus(state=HostState.UP, since=1000.0, observed_at=1000.0, facts=HostFacts(generation=412))
DOWN = HostStatus(state=HostState.UNREACHABLE, reason="refused", since=1000.0)


class Subscriber:
    """Notes how often it was woken."""

    def __init__(self, fleet: FleetState) -> None:
        self.woken = 0
        self.feed = fleet.subscribe(self.wake)

    def wake(self) -> None:
        self.woken += 1

    def take(self) -> tuple[set[str], bool]:
        changes = self.feed.take()
        return set(changes.names), changes.membership


@pytest.fixture
def fleet() -> FleetState:
    return FleetState([*named(["web-1", "web-2"], "prod"), *named(["db-1"])])


def test_hosts_keep_the_order_of_the_inventory_and_are_unseen(fleet: FleetState) -> None:
    assert fleet.names() == ["web-1", "web-2", "db-1"]
    assert fleet.status("db-1") == HostStatus()
    assert (len(fleet), "db-1" in fleet, "db-2" in fleet) == (3, True, False)


def test_a_change_wakes_once_until_it_is_taken(fleet: FleetState) -> None:
    subscriber = Subscriber(fleet)
    for _ in range(100):
        fleet.apply("web-1", UP)
        fleet.apply("web-1", DOWN)
        fleet.apply("db-1", UP)
        fleet.apply("db-1", DOWN)
    assert subscriber.woken == 1
    assert subscriber.take() == ({"web-1", "db-1"}, False)
    assert subscriber.take() == (set(), False)
    fleet.apply("web-2", UP)
    assert subscriber.woken == 2


def test_subscribers_take_for_themselves(fleet: FleetState) -> None:
    screen, command = Subscriber(fleet), Subscriber(fleet)
    fleet.apply("web-1", UP)
    assert screen.take() == ({"web-1"}, False)
    fleet.apply("web-2", UP)
    screen.feed.close()
    fleet.apply("db-1", UP)
    assert screen.take() == ({"web-2"}, False)
    assert command.take() == ({"web-1", "web-2", "db-1"}, False)


def test_a_host_that_only_got_older_is_no_news(fleet: FleetState) -> None:
    fleet.apply("web-1", UP)
    subscriber = Subscriber(fleet)
    fleet.seen("web-1", 1005.0)
    assert fleet.status("web-1").observed_at == 1005.0
    assert subscriber.woken == 0
    fleet.seen("web-1", 1100.0)
    assert subscriber.take() == ({"web-1"}, False), "it was stale and is not any more"


def test_who_is_gone_is_nobodys_news(fleet: FleetState) -> None:
    subscriber = Subscriber(fleet)
    fleet.apply("cache-9", UP)
    fleet.seen("cache-9", 1000.0)
    assert subscriber.woken == 0
    with pytest.raises(KeyError):
        fleet.status("cache-9")


def test_the_inventory_changes_and_what_is_known_stays(fleet: FleetState) -> None:
    fleet.apply("web-1", UP)
    fleet.apply("web-2", UP)
    subscriber = Subscriber(fleet)
    moved = Host(name="web-1", address="10.0.0.9", environment="prod")
    fleet.set_hosts([*named(["app-1"]), moved, *named(["db-1"])])
    assert subscriber.take() == ({"app-1", "web-1", "web-2"}, True)
    assert fleet.names() == ["app-1", "web-1", "db-1"]
    assert fleet.status("web-1") == UP
    assert fleet.host("web-1").address == "10.0.0.9"
    with pytest.raises(KeyError):
        fleet.status("web-2")
    fleet.set_hosts([*named(["app-1"]), moved, *named(["db-1"])])
    assert subscriber.take() == (set(), False)
    fleet.set_hosts([moved, *named(["app-1", "db-1"])])
    assert subscriber.take() == (set(), True)


def test_counts_follow_every_change(fleet: FleetState) -> None:
    fleet.apply("web-1", UP)
    fleet.apply("web-2", DOWN)
    counts = fleet.counts
    assert (counts.known, counts.seen, counts.failing, counts.problems) == (3, 1, 0, 1)
    assert {state: number for state, number in counts.states.items() if number} == {
        HostState.UP: 1,
        HostState.UNREACHABLE: 1,
        HostState.CONNECTING: 1,
    }
    failing = HostStatus(state=HostState.DEGRADED, observed_at=1.0, facts=HostFacts(failed_units=("a.service",)))
    fleet.apply("web-1", failing)
    assert (counts.failing, counts.environments["prod"][HostState.DEGRADED]) == (1, 1)
    drifting = HostStatus(state=HostState.UP, facts=HostFacts(current_system="/x", profile_system="/y"))
    fleet.apply("db-1", drifting)
    assert counts.problems == 3
    fleet.set_hosts(named(["web-1"], "staging"))
    assert (counts.known, counts.seen, counts.failing) == (1, 1, 1)
    assert counts.environments["staging"][HostState.DEGRADED] == 1
    assert sum(counts.environments["prod"].values()) == 0
    fleet.set_hosts([])
    assert (counts.known, counts.seen, counts.failing, sum(counts.states.values())) == (0, 0, 0, 0)


def test_the_load_of_the_last_minutes_is_kept(fleet: FleetState) -> None:
    facts = HostFacts(load=(0.5, 0.4, 0.3))
    fleet.apply("web-1", HostStatus(state=HostState.UP, observed_at=1000.0, facts=facts))
    fleet.seen("web-1", 1010.0)
    fleet.seen("web-1", 1040.0)
    assert fleet.load_history("web-1")[-5:] == (0.5, 0.5, None, None, 0.5)
    assert fleet.load_history("db-1") == ()


async def test_batches_are_no_faster_than_asked_for(fleet: FleetState) -> None:
    taken: list[tuple[float, Changes]] = []
    loop = asyncio.get_running_loop()

    async def change() -> None:
        for number in range(60):
            fleet.apply("web-1", UP if number % 2 else DOWN)
            await asyncio.sleep(0.005)

    async def listen() -> None:
        async for changes in fleet.batches(at_most_per_second=20):
            taken.append((loop.time(), changes))

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await asyncio.sleep(0)
        await change()
        listening.cancel()
    times = [at for at, _ in taken]
    assert len(taken) >= 3
    assert all(later - earlier >= 0.045 for earlier, later in itertools.pairwise(times))
    assert all(changes.names == {"web-1"} for _, changes in taken)


def the_instance(identity: str) -> Host:
    return Host(name="web-1", address="10.0.0.1", instance=InstanceId(identity, "r"))


def test_a_machine_that_took_anothers_place_was_never_seen() -> None:
    fleet = FleetState([the_instance("i-1")])
    fleet.apply("web-1", msgspec.structs.replace(UP, facts=HostFacts(load=(1.0, 1.0, 1.0), configuration_revision="a")))
    assert any(fleet.load_history("web-1"))
    subscriber = Subscriber(fleet)
    fleet.set_hosts([the_instance("i-2")])
    assert fleet.status("web-1") == HostStatus()
    assert fleet.load_history("web-1") == ()
    assert (fleet.counts.known, fleet.counts.seen, sum(fleet.counts.states.values())) == (1, 0, 1)
    assert subscriber.take() == ({"web-1"}, True)


def test_learning_which_instance_a_host_is_forgets_nothing() -> None:
    fleet = FleetState([Host(name="web-1", address="10.0.0.1")])
    fleet.apply("web-1", UP)
    fleet.set_hosts([the_instance("i-1")])
    assert fleet.status("web-1") == UP
    fleet.set_hosts([Host(name="web-1", address="10.0.0.1")])  # EC2 cannot be asked any more
    assert fleet.status("web-1") == UP


def test_what_ec2_says_is_news_of_the_hosts_that_it_is_about() -> None:
    fleet = FleetState([the_instance("i-1"), *named(["db-1"])])
    subscriber = Subscriber(fleet)
    running = Machine(instance=InstanceId("i-1", "r"), state="running")
    fleet.set_machines([running, Machine(instance=InstanceId("i-9", "r"), state="running")])
    assert subscriber.take() == ({"web-1"}, False)
    assert (fleet.machine("web-1"), fleet.machine("db-1")) == (running, None)
    fleet.set_machines([running])
    assert subscriber.take() == (set(), False)
    fleet.set_machines([])
    assert subscriber.take() == ({"web-1"}, False)
    assert fleet.machine("web-1") is None
