"""Running one command on many hosts: the plan, and the job."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from nixtui.model.host import Host
from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Prepared, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.remote.command import TimedOut, run_command
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.transport import Reach
from nixtui.upkeep.output import Output

KIND = "run"
LIMIT_S = 60.0
AT_ONCE = 32
"""Hosts at a time: enough to be quick, few enough that one laptop's uplink is not the bottleneck."""


@dataclass(frozen=True, slots=True)
class Command:
    """What `sh -c` gets, as root or as the login user, and for how many seconds."""

    text: str
    as_root: bool = False
    limit: float = LIMIT_S


def from_line(text: str) -> Command:
    """A command as it is typed on a line: `sudo …` asks for root the way hosts are configured to give it.

    sudo's own options are left to sudo.
    """
    words = text.strip().split(maxsplit=1)
    if len(words) == 2 and words[0] == "sudo" and not words[1].startswith("-"):
        return Command(words[1], as_root=True)
    return Command(text.strip())


def prepare_run(hosts: Sequence[Host], command: Command, reach: Reach, identity: str) -> Prepared:
    """The plan to run a command on each of these hosts. It counts as a change: nobody knows what it does."""
    who = "root" if command.as_root else "the login user"
    on = hosts[0].name if len(hosts) == 1 else f"{len(hosts)} hosts"
    plan = Plan(
        kind=KIND,
        title=f"Run `{_short(command.text)}` on {on}",
        targets=tuple(
            Target(name=host.name, environment=host.environment, facts={"user": "root"} if command.as_root else {})
            for host in hosts
        ),
        steps=(Step(f"as {who}, for at most {command.limit:g} s: {command.text}", (f"sh -c {quote(command.text)}",)),),
        warnings=("the command and what it prints go into the journal: no secrets in it",),
        irreversible=("whatever the command changes",),
    )
    return Prepared(identity, plan, _job({host.name: host for host in hosts}, command, reach))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def _job(hosts: dict[str, Host], command: Command, reach: Reach) -> Job:
    async def job(run: Run) -> Report:
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_in_turn(room, host, command, reach, run)) for host in hosts.values()]
        reports = tuple(task.result() for task in tasks)
        return Report(
            operation=run.operation,
            outcome=overall(report.outcome for report in reports),
            targets=reports,
            interrupted=run.cancelling.is_set(),
        )

    return job


async def _in_turn(room: asyncio.Semaphore, host: Host, command: Command, reach: Reach, run: Run) -> TargetReport:
    async with room:
        report = await _run_on(host, command, reach, run)
    run.tell(TargetFinished(at=run.clock(), target=host.name, report=report))
    return report


async def _run_on(host: Host, command: Command, reach: Reach, run: Run) -> TargetReport:
    """Raises nothing: a bug met on one host must neither stop the others nor hide what became of them."""
    tell, output = Narrator(run, host.name), Output()
    began = run.clock()

    def hear(line: str) -> None:
        if output.take(line):
            tell.output(line)

    def report(outcome: Outcome, detail: str, remedy: str | None = None, code: int | None = None) -> TargetReport:
        tell.end(outcome.is_success, detail)
        seconds = round(run.clock() - began, 3)
        return TargetReport(
            name=host.name,
            outcome=outcome,
            exit_code=code,
            detail=detail,
            remedy=remedy,
            seconds=seconds,
            log=output.lines,
        )

    if run.cancelling.is_set():
        return report(Outcome.REFUSED, "not begun: cancelled by the operator")
    is_begun = False
    try:
        tell.begin("connecting")
        async with reach(host) as transport:
            tell.end(True)
            tell.begin("running")
            is_begun = True
            work = run_command(transport, command.text, hear, as_root=command.as_root, limit=command.limit)
            code = await run.unless_cancelled(work)
    except Cancelled:
        return report(Outcome.UNKNOWN, "cancelled by the operator: the host was told to end the command")
    except TimedOut as ended:
        late = f"it did not end within {command.limit:g} s"
        if ended.is_certain:
            return report(Outcome.FAILED, f"{late} and was ended")
        return report(Outcome.UNKNOWN, f"{late}; whether it was ended is not known", "look at its processes")
    except ElevationFailed as error:
        return report(Outcome.FAILED, f"{error.reason}; nothing was run", error.remedy)
    except RemoteError as error:
        outcome = Outcome.UNKNOWN if is_begun else Outcome.UNREACHABLE
        return report(outcome, error.reason, error.remedy)
    except Exception as error:
        return report(Outcome.UNKNOWN, f"nixtui failed in the middle: {type(error).__name__}: {error}")
    return report(Outcome.COMMITTED if code == 0 else Outcome.FAILED, f"exit {code}", code=code)
