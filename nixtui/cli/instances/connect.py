"""`nixtui instance connect INSTANCE`: a session on an instance by the first way in that works, or by a named one."""

import asyncio
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from nixtui.aws.session import DEMO
from nixtui.cli.assembly import Assembly
from nixtui.cli.consent import ask_consent
from nixtui.cli.exits import Exit, NotReached, UsageError, exit_for
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.instances.placing import by_hosts
from nixtui.cli.instances.ways import Closed, Ways, Wish
from nixtui.cli.narration import narrate_event, plan_lines, report_lines
from nixtui.cli.output import narrate, plain
from nixtui.cli.proposing import add_consent, show_plan
from nixtui.instances.belonging import hosts_of
from nixtui.instances.connecting import Passage, Stage, connect_job, plan_connect
from nixtui.instances.doors import NOTHING_BEHIND, OPENED
from nixtui.instances.standing import Standing
from nixtui.model.host import Host
from nixtui.model.naming import refuse_user
from nixtui.operations.operation import Operation
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Refused

_LEAVING = (signal.SIGTERM, signal.SIGHUP)


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instance", metavar="INSTANCE", help="an id or the name of exactly one")
    parser.add_argument("--door", choices=tuple(OPENED), help="this way in, instead of the first that works")
    parser.add_argument("--user", metavar="U", help="whom to log in as (default: as its host, else root)")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="with --dry-run: the plan as JSON")
    parser.epilog = (
        "What is said in the session is not recorded; that it was, by whom, by which way and how it ended is. "
        "It exits as the session does (ssh's 255: nobody was let in, or the link was lost)."
    )


async def run(arguments: Namespace, nixtui: Assembly) -> int:
    """Find the way, show it, ask, go."""
    if arguments.json and not arguments.dry_run:
        raise UsageError("--json goes with --dry-run here: a session has the terminal to itself")
    if arguments.user is not None and (reason := refuse_user(arguments.user)):
        raise UsageError(f'--user: "{arguments.user}" {reason}')
    if DEMO in nixtui.surroundings.environ:
        raise UsageError(NOTHING_BEHIND)
    async with logins_of(arguments, nixtui) as logins:
        (standing,) = await choose(arguments, nixtui, logins, [arguments.instance])
        session = logins.of(standing.instance.login)
        wish = Wish(standing.instance, await _host(standing, nixtui), arguments.user, arguments.reason)
        ways = Ways(nixtui, session, wish)
        closed: list[str] = []
        passage = await (_named(ways, arguments.door) if arguments.door else _first(ways, closed, wish))
        plan = plan_connect(standing.instance, passage)
        plan = await by_hosts(plan, nixtui, [[standing.instance]])
        known = {plan.targets[0].name: closed}
        if arguments.dry_run:
            return show_plan(plan, as_json=arguments.json, known=known)
        for line in plan_lines(plan, commands=True, known=known):
            narrate(line)
        return await _go(arguments, nixtui, plan, passage)


async def _host(standing: Standing, nixtui: Assembly) -> Host | None:
    return hosts_of([standing.instance], await nixtui.hosts()).get(standing.instance.identity)


async def _named(ways: Ways, word: str) -> Passage:
    try:
        return await ways.passage(word)
    except Closed as error:
        reason = f"{OPENED[word]}: {error}"
        raise (UsageError if error.is_here else NotReached)(reason) from error


async def _first(ways: Ways, closed: list[str], wish: Wish) -> Passage:
    """The first that can work; why those before it cannot goes into `closed`."""
    for word, name in OPENED.items():
        try:
            return await ways.passage(word)
        except Closed as error:
            closed.append(f"✗ {name}: {error}")
    for line in closed:
        narrate(plain(line))
    instance = wish.instance
    raise NotReached(
        f"no way leads into {instance.name}; what it says: nixtui instance console {instance.identity}, "
        f"and what gets it back: nixtui instance recover {instance.identity}"
    )


async def _go(arguments: Namespace, nixtui: Assembly, plan: Plan, passage: Passage) -> int:
    stage = Stage()
    operation = Operation(nixtui.new_identity(), plan, connect_job(plan, passage, stage), clock=nixtui.clock)
    operation.subscribe(narrate_event)
    try:
        consent = await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
        with _stopped_by_signals(operation, stage):
            report = await operation.run(consent, nixtui.policy, await nixtui.journal())
    except Refused as refusal:
        narrate(f"refused: {refusal}")
        return Exit.REFUSED
    for line in report_lines(report, plan.kind):
        narrate(line)
    (row,) = report.targets
    return exit_for(report) if row.exit_code is None or report.interrupted else row.exit_code


@contextmanager
def _stopped_by_signals(operation: Operation, stage: Stage) -> Iterator[None]:
    """Ctrl-C stops what comes before the session and after it; in it, it is the session's own."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if not stage.is_taken:
            operation.cancel()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    for each in _LEAVING:
        loop.add_signal_handler(each, operation.cancel)
    try:
        yield
    finally:
        for each in (signal.SIGINT, *_LEAVING):
            loop.remove_signal_handler(each)
