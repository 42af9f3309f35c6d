"""Parts of a cockpit that hold still, for pictures of screens: a past, jobs, a failed build, a first look around."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

from nixtui.builds.derivation import Derivation
from nixtui.builds.estimates import Estimates
from nixtui.builds.intake import Intake
from nixtui.builds.tree import BuildTree
from nixtui.config.looking_around import Found
from nixtui.fleet.state import FleetState
from nixtui.model.generation import Generation
from nixtui.model.timeline import Activation, Boot, HostAnswer, HostHistory, UnitEvent
from nixtui.model.timer import Timer, Timers
from nixtui.operations.journal import Entry
from nixtui.operations.plan import Plan, Target
from nixtui.remote.journal import JournalEntry
from nixtui.upkeep.command import from_line, prepare_run
from tests.tui.cockpit import MemoryCockpit, MemoryOperations

STREAM = Path(__file__).parents[1] / "builds/streams/2.34.8-manyfail.jsonl.gz"


class StagedActing:
    """Plans commands for real; nobody is there to run them."""

    def __init__(self, fleet: FleetState) -> None:
        self._fleet = fleet

    def plan_run(self, names: Sequence[str], text: str) -> Plan:
        async def nobody(_: object) -> None:
            raise AssertionError("nothing is run in a picture")

        hosts = [self._fleet.host(name) for name in names]
        return prepare_run(hosts, from_line(text), nobody, "8f2a9c01").plan  # type: ignore[arg-type]


class StagedIncident:
    """Three hosts that were switched nine minutes ago, two of which fail since, and one that was rebooted."""

    def __init__(self, now: float) -> None:
        self._now = now

    async def recall(self, names: Sequence[str], since: float, told: Callable[[HostAnswer], None]) -> None:
        for name in names:
            if name.startswith("cache-3"):
                told(HostAnswer(host=name, at=self._now, problem="no route to host", remedy="check the network"))
            else:
                told(HostAnswer(host=name, at=self._now, history=self._history(name, since)))

    def _history(self, name: str, since: float) -> HostHistory:
        old, new = (f"/nix/store/{each * 32}-nixos-system-{name}-26.05.20261120" for each in "ab")
        links = (
            Generation(number=412, path=new, created_at=self._now - 540, configuration_revision="98fe21c4" * 5),
            Generation(number=411, path=old, created_at=self._now - 9 * 86400, configuration_revision="7b1c0dea" * 5),
        )
        boots = (Boot(id="1" * 32, at=self._now - 9 * 86400, kernel="6.12.58"),)
        if name not in ("web-2", "web-3", "web-5", "db-2"):
            return HostHistory(since=since, clock=self._now, current_system=old, links=links[1:], boots=boots)
        if name == "db-2":
            boots = (*boots, Boot(id="2" * 32, at=self._now - 4 * 3600, kernel="6.12.58"))
            return HostHistory(since=since, clock=self._now, current_system=old, links=links[1:], boots=boots)
        failed = () if name == "web-5" else (UnitEvent(unit="nginx.service", at=self._now - 531, result="exit-code"),)
        switched = Activation(path=new, at=self._now - 540, ended_at=self._now - 533, status=4 if failed else 0)
        return HostHistory(
            since=since,
            clock=self._now,
            current_system=new,
            switched_at=self._now - 540,
            links=links,
            activations=(switched,),
            boots=boots,
            units=failed,
        )

    async def operations(self, _: float) -> Sequence[Entry]:
        return ()


class StagedUpkeep:
    """One backup that failed, and timers that are well."""

    def __init__(self, now: float) -> None:
        self._now = now

    async def timers(self, _: str) -> Timers:
        def timer(unit: str, last: float, following: float, result: str, took: float) -> Timer:
            last_at, next_at = self._now - last, self._now + following
            name = f"{unit}.timer"
            return Timer(unit=f"{unit}.service", timer=name, last=last_at, next=next_at, result=result, took_s=took)

        items = (
            timer("borgbackup-job-shop", 7961, 78439, "exit-code", 12.0),
            timer("logrotate", 600, 3000, "success", 0.4),
            timer("nix-gc", 86400, 518400, "success", 61.0),
        )
        return Timers(items=items, clock=self._now)


class StagedBuilds:
    """One build of yesterday, of which a recorded stream of Nix is left."""

    def __init__(self, now: float) -> None:
        plan = Plan(kind="build", title="Build 3 systems", targets=(Target(name="web-2"),), steps=())
        self.entry = Entry(
            operation="5c1d77ab",
            kind="build",
            title=plan.title,
            operator="ops-2",
            origin="laptop",
            owner="x",
            reason=None,
            started_at=now - 86400,
            finished_at=now - 86000,
            plan=plan,
            report=None,
        )

    def clock(self) -> float:
        return 0.0

    def watched(self, _: str) -> BuildTree | None:
        return None

    async def replayed(self, _: str) -> BuildTree:
        tree = BuildTree()
        intake = Intake(tree, lambda: 0.0, read=lambda _: None)
        intake.feed(gzip.decompress(STREAM.read_bytes()))
        intake.end()
        while intake.work():
            pass
        tree.finish(None, 0.0)
        return tree

    async def log(self, _: str, derivation: Derivation) -> Sequence[str]:
        return list(derivation.log.tail)

    async def estimates(self) -> Estimates:
        return Estimates({})


class StagedFirstRun:
    """A directory without anything, of somebody who knows two hosts."""

    found = Found(Path("/home/me/work"), None, ("web-1", "web-2"), ("shop",))
    path = Path("/home/me/work/nixtui.toml")
    proposal = "[hosts.web-1]\n\n[hosts.web-2]\n"


class StagedOperations(MemoryOperations):
    """The journal has that build."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry

    async def past(self, limit: int) -> Sequence[Entry]:
        return (self._entry,)[:limit]


def staged(cockpit: MemoryCockpit) -> None:
    """Put them all in."""
    cockpit.acting = StagedActing(cockpit.fleet)
    cockpit.incident = StagedIncident(cockpit.now)
    cockpit.upkeep = StagedUpkeep(cockpit.now)


def with_a_build(cockpit: MemoryCockpit) -> None:
    """Somebody built yesterday."""
    cockpit.builds = StagedBuilds(cockpit.now)
    cockpit.operations = StagedOperations(cockpit.builds.entry)


def with_nothing_yet(cockpit: MemoryCockpit) -> None:
    """Nobody has told nixtui of a fleet."""
    cockpit.fleet.set_hosts(())
    cockpit.first_run = StagedFirstRun()


def said(now: float) -> Sequence[JournalEntry]:
    """What a host has in its journal: something long, something bad."""
    texts = (
        (6, "systemd", "Starting nginx.service..."),
        (6, "nginx", '10.0.3.17 - - "GET /basket HTTP/1.1" 200 5123 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"'),
        (4, "nginx", "[warn] conflicting server name, ignored"),
        (3, "nginx", "[emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"),
        (3, "systemd", "nginx.service: Failed with result 'exit-code'."),
    )
    start = int((now - 540) * 1e6)
    return [
        JournalEntry(f"c{number}", start + number * 700_000, priority, "nginx.service", who, "812", text)
        for number, (priority, who, text) in enumerate(texts)
    ]
