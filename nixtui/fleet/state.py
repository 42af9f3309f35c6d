"""The fleet as it is now: every host with its status, and who wants to know what changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from nixtui.fleet.history import LoadHistory
from nixtui.fleet.peers import Peers
from nixtui.fleet.tally import Tally
from nixtui.model.host import Host
from nixtui.model.machine import Machine
from nixtui.model.selector import STALE_AFTER_S
from nixtui.model.status import HostState, HostStatus

_NEVER_SEEN = HostStatus()


class Changes(msgspec.Struct, frozen=True):
    """Hosts that changed since somebody last looked; `membership` when hosts came, went or are reached otherwise."""

    names: frozenset[str]
    membership: bool

    def __bool__(self) -> bool:
        return bool(self.names) or self.membership


class ChangeFeed:
    """What one subscriber has not looked at yet, merged: a host that changed a hundred times is in it once.

    `wake` is called when there is something again, and not once more until it was taken: a screen that takes ten times
    a second is woken ten times a second, whatever the fleet does.
    """

    def __init__(self, wake: Callable[[], None], leave: Callable[["ChangeFeed"], None]) -> None:
        self._wake = wake
        self._leave = leave
        self._names: set[str] = set()
        self._membership = False

    def add(self, name: str) -> None:
        """A host changed."""
        if not self._names and not self._membership:
            self._names.add(name)
            self._wake()
        else:
            self._names.add(name)

    def add_membership(self, names: Iterable[str]) -> None:
        """Hosts came or went."""
        was_empty = not self._names and not self._membership
        self._names.update(names)
        self._membership = True
        if was_empty:
            self._wake()

    def take(self) -> Changes:
        """Everything since the last call."""
        changes = Changes(frozenset(self._names), self._membership)
        self._names.clear()
        self._membership = False
        return changes

    def close(self) -> None:
        """No more, please."""
        self._leave(self)


class Counts(msgspec.Struct):
    """How many hosts there are in each state, in all and by environment; `seen` answered at least once.

    `problems` are those that `is:problem` finds.
    """

    known: int = 0
    seen: int = 0
    failing: int = 0
    problems: int = 0
    states: Counter[HostState] = msgspec.field(default_factory=Counter)
    environments: dict[str | None, Counter[HostState]] = msgspec.field(default_factory=dict)
    tallies: dict[str | None, Tally] = msgspec.field(default_factory=dict)

    def count(self, host: Host, status: HostStatus, by: int) -> None:
        """Add a host (`by` is 1), or take it out (-1)."""
        self.known += by
        self.seen += by * (status.observed_at is not None)
        self.failing += by * bool(status.facts.failed_units)
        self.problems += by * status.is_problem
        self.states[status.state] += by
        environment = host.environment
        if environment not in self.tallies:
            self.environments[environment], self.tallies[environment] = Counter(), Tally()
        self.environments[environment][status.state] += by
        self.tallies[environment].count(status, by)


class FleetState:
    """All hosts and how they are, in memory. Not for threads: one event loop owns it."""

    def __init__(self, hosts: Iterable[Host] = ()) -> None:
        self._hosts: dict[str, Host] = {}
        self._statuses: dict[str, HostStatus] = {}
        self._histories: dict[str, LoadHistory] = {}
        self._machines: dict[str, Machine] = {}
        self._feeds: list[ChangeFeed] = []
        self.login_ends: tuple[float, str | None] | None = None
        """When the login at AWS ends (Unix seconds), and which of several that is; `None` while not known, or never."""
        self._counts = Counts()
        self._peers = Peers()
        self.set_hosts(hosts)

    def __len__(self) -> int:
        return len(self._hosts)

    def __contains__(self, name: object) -> bool:
        return name in self._hosts

    def names(self) -> Sequence[str]:
        """All hosts, in the inventory's order."""
        return list(self._hosts)

    def hosts(self) -> Mapping[str, Host]:
        """All hosts by name, in the inventory's order; a view that goes with the times."""
        return MappingProxyType(self._hosts)

    def host(self, name: str) -> Host:
        """Who a host is. Raises `KeyError`."""
        return self._hosts[name]

    def status(self, name: str) -> HostStatus:
        """How a host is, as far as it was seen. Raises `KeyError`."""
        return self._statuses[name]

    def machine(self, name: str) -> Machine | None:
        """What EC2 knows of the instance that a host is, as far as it was asked. Raises `KeyError`."""
        instance = self._hosts[name].instance
        return None if instance is None else self._machines.get(instance.identity)

    def load_history(self, name: str) -> Sequence[float | None]:
        """The one-minute load of the last ten minutes, oldest first; `None` where the host was not seen."""
        history = self._histories.get(name)
        return () if history is None else history.samples()

    @property
    def counts(self) -> Counts:
        """Kept as hosts change; reading costs nothing. Not to be written to."""
        return self._counts

    @property
    def peers(self) -> Peers:
        """Who runs another revision than the hosts that should run the same. Not to be written to."""
        return self._peers

    def set_hosts(self, hosts: Iterable[Host]) -> None:
        """What the inventory says now. Hosts that stay keep their status; new ones were never seen, and neither was the
        machine that took the place of another under its name.
        """
        before, self._hosts = self._hosts, {host.name: host for host in hosts}
        touched = {name for name in before.keys() | self._hosts.keys() if before.get(name) != self._hosts.get(name)}
        for name in touched & before.keys():
            self._counts.count(before[name], self._statuses[name], -1)
        came = touched & self._hosts.keys()
        replaced = {name for name in came & before.keys() if self._hosts[name].is_another_machine_than(before[name])}
        for name in (before.keys() - self._hosts.keys()) | replaced:
            del self._statuses[name]
            self._histories.pop(name, None)
            touched |= self._peers.drop(name)
        for name in (before.keys() & touched & self._hosts.keys()) - replaced:
            touched |= self._peers.put(self._hosts[name], self._statuses[name].facts.configuration_revision)
        for name in came:
            self._counts.count(self._hosts[name], self._statuses.setdefault(name, _NEVER_SEEN), +1)
        if touched or list(before) != list(self._hosts):
            for feed in self._feeds:
                feed.add_membership(touched)

    def set_machines(self, machines: Iterable[Machine]) -> None:
        """What EC2 says now of all instances that it was asked about."""
        before, now = self._machines, {each.instance.identity: each for each in machines}
        self._machines = now
        changed = {each for each in before.keys() | now.keys() if before.get(each) != now.get(each)}
        if changed:
            hosts = ((name, host.instance) for name, host in self._hosts.items())
            self._tell(name for name, instance in hosts if instance is not None and instance.identity in changed)

    def apply(self, name: str, status: HostStatus) -> None:
        """A host is like this now. A host that left the inventory meanwhile is nobody's news."""
        before = self._statuses.get(name)
        if before is None:
            return
        self._statuses[name] = status
        host = self._hosts[name]
        self._counts.count(host, before, -1)
        self._counts.count(host, status, +1)
        self._remember_load(name, status)
        if before.facts.configuration_revision != status.facts.configuration_revision:
            self._tell(self._peers.put(host, status.facts.configuration_revision))
        if _differs(before, status):
            self._tell((name,))

    def _tell(self, names: Iterable[str]) -> None:
        for name in names:
            for feed in self._feeds:
                feed.add(name)

    def seen(self, name: str, at: float) -> None:
        """A host answered that nothing changed: only its age did, and that is no news unless it was stale."""
        before = self._statuses.get(name)
        if before is None:
            return
        status = msgspec.structs.replace(before, observed_at=at)
        if _differs(before, status):
            self.apply(name, status)
        else:
            self._statuses[name] = status
            self._remember_load(name, status)

    def subscribe(self, wake: Callable[[], None]) -> ChangeFeed:
        """Be woken when something changed, then `take` it."""
        feed = ChangeFeed(wake, self._feeds.remove)
        self._feeds.append(feed)
        return feed

    async def batches(self, at_most_per_second: float = 10.0) -> AsyncIterator[Changes]:
        """Changes as they come, merged into so many batches a second at most."""
        waiting = asyncio.Event()
        feed = self.subscribe(waiting.set)
        try:
            while True:
                await waiting.wait()
                waiting.clear()
                yield feed.take()
                await asyncio.sleep(1 / at_most_per_second)
        finally:
            feed.close()

    def _remember_load(self, name: str, status: HostStatus) -> None:
        load = status.facts.load
        if load is None or status.observed_at is None:
            return
        history = self._histories.get(name)
        if history is None:
            history = self._histories[name] = LoadHistory()
        history.record(status.observed_at, load[0])


def _differs(before: HostStatus, after: HostStatus) -> bool:
    """True when anybody who looks would see another host; an age that goes on is no difference."""
    if before.facts is not after.facts or before.state is not after.state or before.reason != after.reason:
        return True
    if before.observed_at is None or after.observed_at is None:
        return before.observed_at is not after.observed_at
    return after.observed_at - before.observed_at > STALE_AFTER_S
