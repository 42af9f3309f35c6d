"""The app's facade over the real parts: what `nixtui.tui.cockpit.Cockpit` asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nixtui.cli.assembly import Assembly
from nixtui.cli.cockpit.memory import LiveMemory, memory_file
from nixtui.config.paths import state_dir
from nixtui.fleet.state import FleetState
from nixtui.operations.journal import Entry, Journal, JournalUnavailable
from nixtui.operations.policy import Consent, Policy, Refused

if TYPE_CHECKING:  # imported by whoever needs them first: the first frame waits for none of them
    from nixtui.activation.rollback import Seen
    from nixtui.cli.cockpit.acting import LiveActing
    from nixtui.cli.cockpit.builds import LiveBuilds
    from nixtui.cli.cockpit.first_run import LiveFirstRun
    from nixtui.cli.cockpit.images import LiveImages
    from nixtui.cli.cockpit.incident import LiveIncident
    from nixtui.cli.cockpit.instances import LiveInstances
    from nixtui.cli.cockpit.logs import LiveLogs
    from nixtui.cli.cockpit.profiles import LiveProfiles
    from nixtui.cli.cockpit.secrets import LiveSecrets
    from nixtui.cli.cockpit.typed import LiveTyped
    from nixtui.cli.cockpit.upkeep import LiveUpkeep
    from nixtui.fleet.inventory import Snapshot
    from nixtui.fleet.watch import FleetWatch
    from nixtui.model.closure import ClosureDiff
    from nixtui.model.generation import Generations
    from nixtui.model.host import Host
    from nixtui.model.preview import Preview
    from nixtui.operations.events import AnyEvent
    from nixtui.operations.operation import Operation, Prepared
    from nixtui.operations.plan import Plan

ASK_CUT_OFF_EVERY_S = 15.0
_PLANS_KEPT = 32


class LiveOperations:
    """Operations begun here, and the journal of all."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._begun: list[Operation] = []

    def add(self, operation: Operation) -> None:
        """One more was begun; it takes the place of the one that it goes on with."""
        self._begun = [each for each in self._begun if each.id != operation.id] + [operation]

    def begun(self) -> Sequence[Operation]:
        """Those of this process, oldest first."""
        return tuple(self._begun)

    async def past(self, limit: int) -> Sequence[Entry]:
        """The journal, newest first."""
        return await self._journal.entries(limit=limit)

    async def cut_off(self) -> Collection[str]:
        """Ids of the entries whose process is gone without an end."""
        return {entry.operation for entry in await self._journal.cut_off()}

    async def events(self, operation: str) -> Sequence[AnyEvent]:
        """What an operation of the journal told."""
        return await self._journal.events(operation)


class LiveCockpit:
    """The running app's world. Entering it opens the journal; `work` keeps it alive until cancelled."""

    def __init__(self, nixtui: Assembly) -> None:
        self._nixtui = nixtui
        self.fleet = FleetState()
        self.memory = LiveMemory(memory_file(state_dir(nixtui.surroundings.environ), nixtui.configuration))
        self._of_sources: list[str] = [str(warning) for warning in nixtui.configuration.warnings]
        self._happened: list[str] = []
        self._watch: FleetWatch | None = None
        self._focused: Collection[str] = ()
        self._known: dict[str, Generations] = {}
        self._prepared: deque[Prepared] = deque(maxlen=_PLANS_KEPT)
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()
        self._is_shown, self._sources_told = asyncio.Event(), asyncio.Event()
        self._may_have_instances = asyncio.Event()
        self.first_run = self._first_run() if nixtui.configuration.path is None else None

    def _first_run(self) -> LiveFirstRun | None:
        from nixtui.cli.cockpit.first_run import LiveFirstRun

        return LiveFirstRun.where_nothing_is_known(self._nixtui, self._load_anew)

    @cached_property
    def acting(self) -> LiveActing:
        """Acting on hosts besides taking them back."""
        from nixtui.cli.cockpit.acting import LiveActing

        return LiveActing(self._nixtui, self.fleet, self.keep, self._let_go, self.refresh)

    @cached_property
    def logs(self) -> LiveLogs:
        """The journals of hosts."""
        from nixtui.cli.cockpit.logs import LiveLogs

        return LiveLogs(self._nixtui, self.fleet, lambda tail: self._tasks.create_task(tail.run()))

    @cached_property
    def builds(self) -> LiveBuilds:
        """Building systems, and builds that run or ran."""
        from nixtui.cli.cockpit.builds import LiveBuilds

        return LiveBuilds(self._nixtui, self.fleet.host, self.keep, self.operations)

    @cached_property
    def profiles(self) -> LiveProfiles:
        """What only the generations of hosts want."""
        from nixtui.cli.cockpit.profiles import LiveProfiles

        return LiveProfiles(self._nixtui, self.fleet.host, self.seen, self.keep)

    @cached_property
    def secrets(self) -> LiveSecrets:
        """Secrets of the repository."""
        from nixtui.cli.cockpit.secrets import LiveSecrets

        return LiveSecrets(self._nixtui, self.fleet.host, self.keep)

    @cached_property
    def images(self) -> LiveImages:
        """Machine images at AWS."""
        from nixtui.cli.cockpit.images import LiveImages

        return LiveImages(self._nixtui, self.keep)

    @cached_property
    def instances(self) -> LiveInstances:
        """Instances at EC2."""
        from nixtui.cli.cockpit.instances import LiveInstances

        return LiveInstances(self._nixtui, self.images, lambda: self.fleet.hosts().values(), self.keep)

    @cached_property
    def typed(self) -> LiveTyped:
        """Commands as they are typed in a shell."""
        from nixtui.cli.cockpit.typed import LiveTyped

        return LiveTyped(self._nixtui, self.keep)

    @cached_property
    def upkeep(self) -> LiveUpkeep:
        """Units, timers and stores."""
        from nixtui.cli.cockpit.upkeep import LiveUpkeep

        return LiveUpkeep(self._nixtui, self.fleet.host, self.keep)

    @cached_property
    def incident(self) -> LiveIncident:
        """What hosts went through."""
        from nixtui.cli.cockpit.incident import LiveIncident

        return LiveIncident(self._nixtui, self.fleet, self.keep)

    async def __aenter__(self) -> Self:
        self._journal = await self._nixtui.journal()
        self.operations = LiveOperations(self._journal)
        await self._tasks.__aenter__()
        self._work = self._tasks.create_task(self._live())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.cancel()
        if "logs" in self.__dict__:  # somebody looked at them
            self.logs.end()
        if "images" in self.__dict__:
            await self.images.end()
        if "typed" in self.__dict__:
            await self.typed.end()
        await self._tasks.__aexit__(kind, error, trace)

    @property
    def fleet_name(self) -> str:
        """`[fleet] name`, or the directory the fleet is in."""
        return self._nixtui.configuration.fleet.name or self._nixtui.configuration.directory.name

    @property
    def policy(self) -> Policy:
        """The rules of this run."""
        return self._nixtui.policy

    @property
    def notes(self) -> Sequence[str]:
        """What the person should know: of the sources as they are now, and what happened without being asked for."""
        return (*self._of_sources, *self._happened)

    def begin(self) -> None:
        """The first frame is there: look for hosts."""
        self._is_shown.set()

    def clock(self) -> float:
        """Now, in Unix seconds."""
        return self._nixtui.clock()

    def focus(self, names: Collection[str]) -> None:
        """The hosts the person is looking at."""
        self._focused = names
        if self._watch is not None:
            self._watch.focus(names)

    def refresh(self, names: Collection[str]) -> None:
        """Ask these hosts anew."""
        for name in names:
            self._known.pop(name, None)
        if self._watch is not None:
            self._watch.refresh(names)

    async def generations(self, name: str) -> Generations:
        """All generations of a host, asked from it now."""
        from nixtui.remote.generations import generations

        async with self._nixtui.reach(self.fleet.host(name)) as transport:
            self._known[name] = found = await generations(transport)
        return found

    async def diff(self, before: tuple[str, str], after: tuple[str, str]) -> ClosureDiff:
        """What changes from one system to another, each given as host and store path."""
        sides = [(self.fleet.host(name), path) for name, path in (before, after)]
        return await self._nixtui.diff(*sides)

    async def preview(self, name: str, path: str) -> Preview:
        """What switching a host to a system would restart, found out without doing it."""
        from nixtui.remote.preview import preview

        async with self._nixtui.reach(self.fleet.host(name)) as transport:
            return await preview(transport, path)

    async def plan_rollback(self, names: Sequence[str], target: str) -> Plan:
        """The plan, from what is known of the hosts where that is still so."""
        from nixtui.activation.rollback import rollback_job
        from nixtui.model.target import parse_target
        from nixtui.operations.operation import Prepared

        wanted = parse_target(target, now=datetime.fromtimestamp(self.clock(), UTC))
        rollback = self._nixtui.plan_rollback(await self.seen(names), wanted)
        return self.keep(Prepared(rollback.operation, rollback.plan, rollback_job(rollback, self._nixtui.reach)))

    async def seen(self, names: Sequence[str]) -> list[Seen]:
        """The generations of hosts, from what is known of them where that is still so; in the order of the names."""
        from nixtui.activation.rollback import Seen

        known = {name: Seen(self.fleet.host(name), seen) for name in names if (seen := self._still_known(name))}
        asked = await self._nixtui.ask_generations([self.fleet.host(name) for name in names if name not in known])
        for each in asked:
            known[each.host.name] = each
            if each.generations is not None:
                self._known[each.host.name] = each.generations
        return [replace(known[name], machine=self.fleet.machine(name)) for name in names]

    def keep(self, prepared: Prepared) -> Plan:
        """Remember the work of a plan until somebody says yes to it, or thirty others were made since."""
        self._prepared.append(prepared)
        return prepared.plan

    def start(self, plan: Plan, consent: Consent) -> Operation:
        """Begin a plan that came from here."""
        prepared = next(each for each in self._prepared if each.plan is plan)
        operation = prepared.begin(self.clock)
        self.operations.add(operation)
        task = self._tasks.create_task(self._run(operation, consent))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return operation

    def _let_go(self) -> None:
        for task in self._running:
            task.cancel()

    async def _run(self, operation: Operation, consent: Consent) -> None:
        # An error must not leave this task: the group would end the live view and every other operation with it.
        try:
            await operation.run(consent, self.policy, self._journal)
        except (Refused, JournalUnavailable) as error:
            self._note(f"{operation.plan.title}: not begun: {error}")
        finally:
            self.refresh([target.name for target in operation.plan.targets])

    def _still_known(self, name: str) -> Generations | None:
        """What was asked before, unless the live view has seen the host change since; the guard checks it again."""
        known, facts = self._known.get(name), self.fleet.status(name).facts
        # A lock comes and goes without anything else changing, so where one is or was, the host is asked again.
        if known is None or known.lock is not None or facts.lock is not None:
            return None
        same = (known.current_system, known.profile_system, len(known.items)) == (
            facts.current_system,
            facts.profile_system,
            facts.generations,
        )
        return known if same else None

    async def _live(self) -> None:
        """Inventory and live streams, and what became of operations that were cut off."""
        # Importing SSH takes 0.2 s, which the first frame must not wait for; nor may the thread take the interpreter.
        await self._is_shown.wait()
        await asyncio.to_thread(import_module, "nixtui.remote.pool")
        from nixtui.fleet.watch import FleetWatch

        self._watch = FleetWatch(self.fleet, self._nixtui, clock=self.clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch.run())
            group.create_task(self._load())
            group.create_task(self._settle_cut_off())
            group.create_task(self._ask_ec2())

    async def _load(self) -> None:
        await self._nixtui.inventory.load(self._take)
        self._sources_told.set()
        self._may_have_instances.set()

    def _load_anew(self) -> None:
        """The fleet is another one now."""
        if self._watch is not None:  # else the first load, which is to come, takes it
            self._tasks.create_task(self._load())

    async def _ask_ec2(self) -> None:
        from nixtui.cli.cockpit.machines import LiveMachines

        await self._may_have_instances.wait()
        await LiveMachines(self._nixtui, self.fleet, self._take, self._note).run()

    def _take(self, snapshot: Snapshot) -> None:
        assert self._watch is not None
        self._note_replaced(snapshot.hosts)
        if any(host.instance for host in snapshot.hosts):  # a flake may take a minute more
            self._may_have_instances.set()
        self._watch.set_hosts(snapshot.hosts)
        self._watch.focus(self._focused)
        self._of_sources = [str(warning) for warning in self._nixtui.configuration.warnings]
        welcomes = self.first_run is not None and self._nixtui.configuration.path is None and not snapshot.hosts
        if not welcomes:  # that nothing is here to take hosts from is what the page of the first run is about
            self._of_sources.extend(str(problem) for problem in snapshot.problems)

    def _note_replaced(self, hosts: Sequence[Host]) -> None:
        """Say which names mean another machine now; nothing that was known of the one before counts for it."""
        for host in hosts:
            before = self.fleet.hosts().get(host.name)
            if before is None or not host.is_another_machine_than(before):
                continue
            assert host.instance is not None and before.instance is not None
            self._known.pop(host.name, None)
            self._nixtui.by_agent.discard(host.name)
            self._nixtui.pool.access.sudo_passwords.forget(host.name)
            was, now = before.instance.identity, host.instance.identity
            self._note(f"{host.name} was replaced: it is instance {now} now, and was {was}; it is shown as a new host")

    async def _settle_cut_off(self) -> None:
        """Ask until each has an end: a host that is still armed has one within its window."""
        await self._sources_told.wait()
        while True:
            try:
                for entry in await self._journal.cut_off():
                    await self._settle(entry)
            except JournalUnavailable as error:
                self._note(str(error))
            await asyncio.sleep(ASK_CUT_OFF_EVERY_S)

    async def _settle(self, entry: Entry) -> None:
        from nixtui.activation.reattach import find_out

        events = await self._journal.events(entry.operation)
        report, final = await find_out(
            entry, events, self.fleet.hosts(), self._nixtui.reach, tidy=not self.policy.read_only
        )
        if final and await self._journal.adopt(entry):
            await self._journal.finish(report, self.clock())
            self._note(f"operation {entry.operation} ({entry.title}) was cut off: {report.outcome.value}")

    def _note(self, text: str) -> None:
        if text not in self._happened:
            self._happened.append(text)
