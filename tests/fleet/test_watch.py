"""The live view: hosts are seen, change, go silent, vanish and come back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from nixtui.fleet.state import FleetState
from nixtui.fleet.stream import Connections, Pace
from nixtui.fleet.watch import FleetWatch
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.model.status import HostState, HostStatus
from nixtui.remote.errors import (
    AuthenticationFailed,
    HostKeyChanged,
    HostKeyUnknown,
    NoAnswer,
    RemoteError,
    Unreachable,
)
from nixtui.remote.transport import Transport
from tests.fleet.hosts_in_memory import MemoryFleet, named
from tests.remote.local_transport import LocalTransport
from tests.remote.nixos_root import NixosRoot, web_host

QUICK = Pace(
    grain=0.01, interval=0.06, focused=0.06, slow=0.3, patience=0.3, hang_up=1.2, first_retry=0.05, last_retry=0.2
)
NEVER = Pace(
    grain=0.01, interval=1e6, focused=0.05, slow=1e6, patience=1e6, hang_up=1e6, first_retry=1e6, last_retry=1e6
)

Condition = Callable[[HostStatus], bool]


class Watched:
    """A fleet being watched; `until` waits for what should become true."""

    def __init__(self, watch: FleetWatch, fleet: FleetState) -> None:
        self.watch = watch
        self.fleet = fleet

    def status(self, name: str) -> HostStatus:
        return self.fleet.status(name)

    async def until(self, name: str, condition: Condition) -> HostStatus:
        changed = asyncio.Event()
        feed = self.fleet.subscribe(changed.set)
        try:
            async with asyncio.timeout(15):
                while not condition(status := self.status(name)):
                    await changed.wait()
                    changed.clear()
                    feed.take()
        finally:
            feed.close()
        return status

    async def state(self, name: str, state: HostState, reason: str | None = None) -> HostStatus:
        return await self.until(name, lambda status: status.state is state and reason in (None, status.reason))


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Watched]]:
    tasks: list[asyncio.Task[None]] = []

    def begin(connections: Connections, hosts: list[Host], pace: Pace = QUICK) -> Watched:
        fleet = FleetState(hosts)
        watch = FleetWatch(fleet, connections, pace=pace, random=Random(7))  # noqa: S311
        tasks.append(asyncio.create_task(watch.run()))
        return Watched(watch, fleet)

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


Start = Callable[..., Watched]


async def test_hosts_are_seen_and_their_changes_follow(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1", "web-2"]))
    for name in ("web-1", "web-2"):
        status = await watched.state(name, HostState.UP)
        assert (status.facts.generation, status.reason) == (412, None)
    hosts["web-1"].facts |= {"generation": "411", "failed_units": "nginx.service", "systemd_state": "degraded"}
    status = await watched.state("web-1", HostState.DEGRADED, "nginx.service failed")
    assert status.facts.generation == 411
    hosts["web-1"].facts |= {"failed_units": "none", "systemd_state": "running"}
    await watched.state("web-1", HostState.UP)
    assert watched.status("web-2").facts.generation == 412


async def test_an_idle_host_gets_no_older(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]))
    first = await watched.state("web-1", HostState.UP)
    await hosts.until(lambda: len(hosts["web-1"].requests) >= 5)
    later = watched.status("web-1")
    assert first.observed_at is not None and later.observed_at is not None
    assert later.observed_at > first.observed_at
    assert (later.since, later.facts) == (first.since, first.facts)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("web-1", "connection refused"), HostState.UNREACHABLE),
        (AuthenticationFailed("web-1", "no key fits", "add one to the agent"), HostState.AUTH_FAILED),
        (HostKeyChanged("web-1", "another key"), HostState.HOST_KEY_CHANGED),
        (HostKeyUnknown("web-1", "no key known", "accept SHA256:abc"), HostState.HOST_KEY_UNKNOWN),
        (NoAnswer("web-1", "no banner"), HostState.DEGRADED),
    ],
)
async def test_why_a_host_cannot_be_seen_is_told(start: Start, error: RemoteError, state: HostState) -> None:
    hosts = MemoryFleet()
    hosts.of(*named(["web-1"])).error = error
    watched = start(hosts, named(["web-1", "web-2"]))
    status = await watched.state("web-1", state)
    assert (status.reason, status.remedy, status.observed_at) == (error.reason, error.remedy, None)
    assert (await watched.state("web-2", HostState.UP)).reason is None


async def test_since_is_when_it_began_not_when_it_was_last_tried(start: Start) -> None:
    hosts = MemoryFleet()
    down = hosts.of(*named(["web-1"]))
    down.error = Unreachable("web-1", "connection refused")
    watched = start(hosts, named(["web-1"]))
    first = await watched.state("web-1", HostState.UNREACHABLE)
    down.error = Unreachable("web-1", "no route to host")
    again = await watched.state("web-1", HostState.UNREACHABLE, "no route to host")
    assert again.since == first.since
    assert len(down.connected_at) >= 2


async def test_units_that_failed_before_anybody_looked_failed_when_the_host_says(start: Start) -> None:
    hosts = MemoryFleet()
    failing = hosts.of(*named(["web-1"]))
    failing.facts |= {
        "systemd_state": "degraded",
        "failed_units": "nginx.service",
        "failed_at": "4000",
        "uptime_s": "5000",
    }
    watched = start(hosts, named(["web-1"]))
    first = await watched.state("web-1", HostState.DEGRADED)
    assert first.observed_at is not None and first.since is not None
    assert first.observed_at - first.since == pytest.approx(1000, abs=1)
    assert first.booted_at == pytest.approx(first.observed_at - 5000, abs=1)
    failing.facts |= {"uptime_s": "5001", "load": "1 1 1"}
    await hosts.until(lambda: watched.status("web-1").facts.uptime_s == 5001)
    assert watched.status("web-1").since == first.since, "read again it is the same moment"
    failing.facts |= {"failed_units": "nginx.service backup.service", "failed_at": "3000"}
    await hosts.until(lambda: (watched.status("web-1").facts.failed_units or ())[1:])
    since = watched.status("web-1").since
    assert since is not None and first.since - since == pytest.approx(1000, abs=2)


async def test_a_host_that_comes_back_is_seen_again(start: Start) -> None:
    hosts = MemoryFleet()
    hosts.of(*named(["web-1"])).error = Unreachable("web-1", "connection refused")
    watched = start(hosts, named(["web-1"]))
    await watched.state("web-1", HostState.UNREACHABLE)
    hosts["web-1"].error = None
    assert (await watched.state("web-1", HostState.UP)).reason is None


async def test_a_lost_link_keeps_what_was_known_with_its_age(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]))
    seen = await watched.state("web-1", HostState.UP)
    hosts["web-1"].error = Unreachable("web-1", "no route to host")
    hosts["web-1"].cut()
    gone = await watched.state("web-1", HostState.UNREACHABLE)
    assert gone.facts == seen.facts
    assert gone.observed_at is not None and gone.since is not None
    assert gone.observed_at < gone.since
    hosts["web-1"].error = None
    await watched.state("web-1", HostState.UP)


async def test_a_link_that_only_hiccups_is_called_connecting(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]))
    await watched.state("web-1", HostState.UP)
    waiting = asyncio.create_task(watched.until("web-1", lambda status: status.state is not HostState.UP))
    await asyncio.sleep(0)
    hosts["web-1"].cut()
    status = await waiting
    assert (status.state, status.reason) == (HostState.CONNECTING, "the link was lost")
    await watched.state("web-1", HostState.UP)


async def test_a_host_that_stops_answering_is_degraded_and_recovers(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]), Pace(grain=0.01, interval=0.05, patience=0.2, hang_up=60))
    seen = await watched.state("web-1", HostState.UP)
    await hosts.until(lambda: len(hosts["web-1"].requests) > 2)
    hosts["web-1"].is_silent = True
    silent = await watched.state("web-1", HostState.DEGRADED, "does not answer")
    assert silent.facts == seen.facts
    before = silent.observed_at
    requests = len(hosts["web-1"].requests)
    hosts["web-1"].is_silent = False
    hosts["web-1"].channels[-1].write("full")
    recovered = await watched.state("web-1", HostState.UP)
    assert recovered.observed_at is not None and before is not None and recovered.observed_at > before
    assert len(hosts["web-1"].channels) == 1, "the same probe"
    assert requests < 20, "a host that does not answer is not asked on and on"


async def test_a_host_that_stays_silent_gets_a_new_probe(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]))
    await watched.state("web-1", HostState.UP)
    hosts["web-1"].is_silent = True
    await watched.until("web-1", lambda status: (status.reason or "").startswith("has not answered for"))
    hosts["web-1"].is_silent = False
    await watched.state("web-1", HostState.UP)
    assert hosts["web-1"].open_channels == 1


async def test_a_host_that_is_silent_from_the_start(start: Start) -> None:
    hosts = MemoryFleet()
    hosts.of(*named(["web-1"])).is_silent = True
    watched = start(hosts, named(["web-1"]))
    await watched.state("web-1", HostState.DEGRADED, "does not answer")


async def test_garbage_is_told_and_forgiven(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]), NEVER)
    await watched.state("web-1", HostState.UP)
    hosts["web-1"].say(*["x" * 1000] * 100)
    await watched.state("web-1", HostState.DEGRADED, "sends garbage instead of the probe's answer")
    watched.watch.focus(["web-1"])
    await watched.state("web-1", HostState.UP)


async def test_after_a_broken_answer_everything_is_asked_for_again(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]), NEVER)
    await watched.state("web-1", HostState.UP)
    mark = hosts["web-1"].channels[-1]._mark
    hosts["web-1"].say(f"{mark} begin 2 news", "generation 400", f"{mark} begin 2 news")
    await watched.until("web-1", lambda status: status.state is HostState.UP)
    await hosts.until(lambda: bool(hosts["web-1"].requests))
    assert [request for _, request in hosts["web-1"].requests] == ["full"]
    assert watched.status("web-1").facts.generation == 412


async def test_until_everything_was_told_again_nothing_is_called_well(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]), Pace(grain=0.01, interval=0.05, patience=60, hang_up=60))
    await watched.state("web-1", HostState.UP)
    web = hosts["web-1"]
    web.loses_blocks = True
    web.facts |= {"generation": "413"}
    await watched.state("web-1", HostState.DEGRADED, "sends broken answers")
    await hosts.until(lambda: [request for _, request in web.requests[-5:]] == ["full"] * 5)
    assert watched.status("web-1").state is HostState.DEGRADED
    web.loses_blocks = False
    assert (await watched.state("web-1", HostState.UP)).facts.generation == 413


async def test_hosts_come_and_go(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1", "web-2"]))
    await watched.state("web-1", HostState.UP)
    await watched.state("web-2", HostState.UP)
    old = hosts["web-2"]
    same, other = named(["web-1", "web-3"])
    known = {"tags": {"type": "t3.small"}, "instance": InstanceId("i-1", "eu-central-1")}
    watched.watch.set_hosts([replace(same, **known), other, Host(name="web-2", address="10.0.0.2")])
    await watched.state("web-3", HostState.UP)
    await hosts.until(lambda: hosts["web-2"] is not old and hosts["web-2"].open_channels == 1 and not old.open_channels)
    assert len(hosts["web-1"].channels) == 1  # that EC2 knows of it, too, is no reason to hang up
    kept = hosts["web-1"]
    watched.watch.set_hosts([replace(same, instance=InstanceId("i-2", "eu-central-1"))])
    await hosts.until(lambda: hosts["web-1"] is not kept and hosts["web-1"].open_channels == 1)
    assert kept.open_channels == 0
    watched.watch.set_hosts([])
    await hosts.until(lambda: not any(hosts[name].open_channels for name in ("web-1", "web-2", "web-3")))


async def test_a_host_that_is_costly_to_ask_is_asked_less_often_unless_a_person_wants_it(start: Start) -> None:
    hosts = MemoryFleet()
    fleet = named(["quick", "costly"])
    hosts.of(fleet[1]).least_interval = 3600.0
    watched = start(hosts, fleet)
    await watched.state("costly", HostState.UP)
    await hosts.until(lambda: len(hosts["quick"].requests) >= 5)
    assert hosts["costly"].requests == []
    watched.watch.refresh(["costly"])
    await hosts.until(lambda: [request for _, request in hosts["costly"].requests] == ["slow"])
    await hosts.until(lambda: len(hosts["quick"].requests) >= 10)
    assert len(hosts["costly"].requests) == 1


async def test_a_host_somebody_looks_at_is_asked_more_often(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1", "web-2"]), NEVER)
    await watched.state("web-1", HostState.UP)
    await watched.state("web-2", HostState.UP)
    watched.watch.focus(["web-1"])
    await hosts.until(lambda: len(hosts["web-1"].requests) >= 4)
    assert hosts["web-2"].requests == []
    watched.watch.focus(["web-2"])
    await hosts.until(lambda: len(hosts["web-2"].requests) >= 4)
    assert len(hosts["web-1"].requests) <= 6


async def test_a_refresh_asks_now(start: Start) -> None:
    hosts = MemoryFleet()
    hosts.of(*named(["web-2"])).error = Unreachable("web-2", "connection refused")
    watched = start(hosts, named(["web-1", "web-2"]), NEVER)
    await watched.state("web-1", HostState.UP)
    await watched.state("web-2", HostState.UNREACHABLE)
    hosts["web-1"].facts |= {"generation": "413"}
    hosts["web-2"].error = None
    watched.watch.refresh(["web-1", "web-2", "web-9"])
    await watched.until("web-1", lambda status: status.facts.generation == 413)
    await watched.state("web-2", HostState.UP)
    assert [request for _, request in hosts["web-1"].requests] == ["slow"]


async def test_disks_and_clock_are_asked_for_once_in_a_while(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]), Pace(grain=0.01, interval=0.05, slow=0.4))
    await watched.state("web-1", HostState.UP)
    await hosts.until(lambda: len(hosts["web-1"].requests) >= 30)
    requests = [request for _, request in hosts["web-1"].requests]
    assert 2 <= requests.count("slow") <= 8
    assert set(requests) == {"tick", "slow"}


async def test_a_thousand_hosts_do_not_tick_together(start: Start) -> None:
    hosts = MemoryFleet()
    names = [f"web-{number}" for number in range(1000)]
    watched = start(hosts, named(names), Pace(interval=1000.0))
    await watched.state(names[-1], HostState.UP)
    began = asyncio.get_running_loop().time()
    due = [watched.watch.due(name) for name in names]
    tenths = [int((at - began) // 100) for at in due if at is not None]
    assert all(50 < tenths.count(tenth) < 150 for tenth in range(10))


async def test_a_host_keeps_its_place_in_the_interval(start: Start) -> None:
    hosts = MemoryFleet()
    watched = start(hosts, named(["web-1"]), Pace(grain=0.01, interval=2.0))
    await watched.state("web-1", HostState.UP)
    first = watched.watch.due("web-1")
    await hosts.until(lambda: len(hosts["web-1"].requests) >= 1)
    second = watched.watch.due("web-1")
    assert first is not None and second is not None
    assert second - first == pytest.approx(2.0 * len(hosts["web-1"].requests))
    assert watched.watch.due("web-9") is None


async def test_nobody_is_forgotten_when_a_thousand_hosts_are_due_at_once(start: Start) -> None:
    hosts = MemoryFleet()
    names = [f"web-{number}" for number in range(1000)]
    watched = start(hosts, named(names), Pace(grain=60, interval=1e6))
    for name in names:
        await watched.state(name, HostState.UP)
    watched.watch.focus(names)
    await hosts.until(lambda: all(hosts[name].requests for name in names))


async def test_hosts_that_are_down_are_not_tried_together_or_without_end(start: Start) -> None:
    hosts = MemoryFleet()
    names = [f"web-{number}" for number in range(100)]
    for host in named(names):
        hosts.of(host).error = Unreachable(host.name, "connection refused")
    watched = start(hosts, named(names), Pace(grain=0.01, first_retry=0.1, last_retry=0.4))
    await hosts.until(lambda: min(len(hosts[name].connected_at) for name in names) >= 5)
    for name in names:
        tries = hosts[name].connected_at
        assert 0.04 < tries[1] - tries[0] < 3
        assert 0.15 < tries[4] - tries[3] < 3
    second = [hosts[name].connected_at[1] for name in names]
    assert max(second) - min(second) > 0.03
    assert watched.fleet.counts.states[HostState.UNREACHABLE] == 100


class Buggy(MemoryFleet):
    """Connections with a bug that one host meets."""

    async def connect(self, host: Host) -> Transport:
        if host.name == "web-1":
            raise ValueError("nobody thought of this")
        return await super().connect(host)


async def test_a_bug_met_by_one_host_does_not_blind_us_for_the_others(start: Start) -> None:
    watched = start(Buggy(), named(["web-1", "web-2"]))
    status = await watched.state("web-1", HostState.DEGRADED)
    assert status.reason == "nixtui failed to watch it: ValueError"
    await watched.state("web-2", HostState.UP)


async def test_when_nobody_watches_any_more_nothing_is_left() -> None:
    hosts = MemoryFleet()
    fleet = FleetState(named(["web-1", "web-2"]))
    watch = FleetWatch(fleet, hosts, pace=QUICK)
    running = asyncio.create_task(watch.run())
    watched = Watched(watch, fleet)
    await watched.state("web-2", HostState.UP)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [hosts[name].open_channels for name in ("web-1", "web-2")] == [0, 0]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    watch.focus(["web-1"])
    watch.refresh(["web-1"])
    watch.set_hosts(named(["web-3"]))


class LocalHosts:
    """Hosts that are shells on this machine."""

    def __init__(self, root: NixosRoot) -> None:
        self.root = root
        self.transports: dict[str, LocalTransport] = {}

    async def connect(self, host: Host) -> Transport:
        return self.transports.setdefault(host.name, LocalTransport(host, environment=self.root.environment))


async def test_real_shells_end_to_end(start: Start, tmp_path: Path) -> None:
    root = web_host(tmp_path / "root")
    hosts = LocalHosts(root)
    watched = start(
        hosts, named(["web-1"]), Pace(grain=0.01, interval=0.05, patience=0.5, hang_up=1.5, first_retry=0.05)
    )
    assert (await watched.state("web-1", HostState.UP)).facts.generation == 412
    root.switch(411)
    root.runs(root.system(411))
    assert (await watched.until("web-1", lambda status: status.facts.generation == 411)).facts.current_system
    process = hosts.transports["web-1"].channels[-1].process
    os.kill(process.pid, signal.SIGSTOP)
    await watched.state("web-1", HostState.DEGRADED, "does not answer")
    os.kill(process.pid, signal.SIGCONT)
    await watched.state("web-1", HostState.UP)
    os.kill(process.pid, signal.SIGKILL)
    await watched.state("web-1", HostState.CONNECTING)
    await watched.state("web-1", HostState.UP)
    assert len(hosts.transports["web-1"].channels) == 2
