"""Running an operation from the command line: narrated, stoppable, and told of what crashed before it."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nixtui.activation.reattach import find_out
from nixtui.cli.assembly import Assembly
from nixtui.cli.narration import narrate_event, report_lines
from nixtui.cli.output import narrate
from nixtui.model.host import Host
from nixtui.operations.journal import Entry, JournalUnavailable
from nixtui.operations.operation import Operation, Prepared, Subscriber
from nixtui.operations.policy import Consent
from nixtui.operations.report import Report

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPING_HERE = {
    "build": "stopping nix and its builders",
    "image": "stopping",
    "instance": "stopping",
    "secrets": "stopping",
    "stack": "stopping",
}
"""What stopping does where no host is under way, by the first word of the operation's kind."""

_PAUSING = signal.SIGUSR1
"""Pauses a rollout before its next host, and lets it go on: `kill -USR1`."""


async def carry_out(
    nixtui: Assembly,
    prepared: Prepared,
    consent: Consent,
    watch: Subscriber = narrate_event,
    begun: Callable[[Operation], None] = lambda _: None,
) -> Report:
    """Run a plan to its report; `watch` gets every event, and `begun` the operation for whoever wants to go on with it.

    Raises `Refused` and `JournalUnavailable`.
    """
    operation = prepared.begin(nixtui.clock)
    begun(operation)
    operation.subscribe(watch)
    with stoppable(operation):
        return await operation.run(consent, nixtui.policy, await nixtui.journal())


async def tell_what_was_cut_off(nixtui: Assembly) -> frozenset[str]:
    """Find out from their hosts how operations ended whose nixtui died, record it, and say so.

    The ids of those whose end is still not known.
    """
    open_still: set[str] = set()
    try:
        journal = await nixtui.journal()
        left = await journal.cut_off()
        if not left:
            return frozenset()
        hosts = {host.name: host for host in (await nixtui.hosts())}
        for entry in left:
            if not await _tell_one(nixtui, entry, hosts):
                open_still.add(entry.operation)
    except JournalUnavailable as error:
        narrate(str(error))
    return frozenset(open_still)


async def _tell_one(nixtui: Assembly, entry: Entry, hosts: dict[str, Host]) -> bool:
    """Whether its end is known now."""
    journal = await nixtui.journal()
    if not await journal.adopt(entry):
        return False
    report, final = await find_out(
        entry, await journal.events(entry.operation), hosts, nixtui.reach, tidy=not nixtui.policy.read_only
    )
    narrate(f"operation {entry.operation} ({entry.title}) by {entry.operator} was cut off:")
    for line in report_lines(report):
        narrate(f"  {line}")
    if final:
        await journal.finish(report, nixtui.clock())
    return final


@contextmanager
def stoppable(operation: Operation) -> Iterator[None]:
    """Ctrl-C asks the operation to stop and put things in order, and so do a CI's cancel and a terminal that closes; a
    second one leaves at once. SIGUSR1 pauses it, or lets it go on.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        narrate(_words_of_stopping(operation.plan.kind))
        operation.cancel()
        listen_no_more()

    def listen_no_more() -> None:
        for each in _STOPPING:
            loop.remove_signal_handler(each)

    def pause_or_resume() -> None:
        if operation.is_paused:
            operation.resume()
        else:
            operation.pause()

    for each in _STOPPING:
        loop.add_signal_handler(each, stop)
    loop.add_signal_handler(_PAUSING, pause_or_resume)
    try:
        yield
    finally:
        listen_no_more()
        loop.remove_signal_handler(_PAUSING)


def _words_of_stopping(kind: str) -> str:
    here = _STOPPING_HERE.get(kind.partition("-")[0])
    if here is not None:
        return f"{here}; press again to leave at once"
    return "stopping: hosts that are under way go back first; press again to leave them to their own timers"
