"""From a key, or a `:` command, to acting on hosts: what is asked before, and which plan is proposed."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

from nixtui.model.status import HostState
from nixtui.operations.requests import NotNow, Request
from nixtui.tui import opening
from nixtui.tui.actions import may_change, needs_hosts
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.widgets.prompt import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nixtui.operations.plan import Plan
    from nixtui.tui.screens.place import Place
    from nixtui.tui.screens.progress import ProgressScreen

_NOT_FOR_STRANGERS = (HostState.HOST_KEY_UNKNOWN, HostState.HOST_KEY_CHANGED)


def allowed(place: Place, typed: str) -> tuple[str, ...]:
    """The selected hosts, for a command that was typed: what stands against the key stands against the command."""
    selection = place.selection()
    if reason := may_change(selection):
        place.session.say(Level.WARNING, f":{typed}: {reason}")
        return ()
    return selection.hosts


def _on(names: Sequence[str]) -> str:
    return clean(names[0]) if len(names) == 1 else f"{len(names)} hosts"


# A command


def ask_command(place: Place) -> None:
    """Ask for the command on the line one types in, then propose it for the hosts of the key press."""
    names = place.selection().hosts

    def edited(text: str) -> Line:
        as_root = text.startswith("sudo ") and not text.startswith("sudo -")
        who = "as root" if as_root else "as the login user; sudo … for root"
        return line((f"on {_on(names)} {who}", Role.FAINT))

    def submitted(text: str) -> None:
        place.stop_asking()
        if text.strip():
            run(place, names, text.strip())

    place.ask(Question("run ▸ ", "", edited, submitted, place.stop_asking))


def run(place: Place, names: Sequence[str], text: str) -> None:
    """Propose a command for these hosts."""
    from nixtui.tui.screens.confirming import PlanQuestion
    from nixtui.upkeep.command import from_line

    acting, command = place.session.cockpit.acting, from_line(text)

    async def prepare() -> Plan:
        return acting.plan_run(names, text)

    words = ["nixtui", "run", *names, *(["--sudo"] if command.as_root else []), "--", "sh", "-c", command.text]
    question = PlanQuestion(f"Run on {_on(names)}", "Run", prepare, command=words, of_many="Run on {} hosts")
    opening.plan(place.nixtui, names, question)


# Reboots and locks


def reboot(place: Place) -> None:
    """Propose to reboot the selected hosts."""
    propose_reboot(place, place.selection().hosts)


def propose_reboot(place: Place, names: Sequence[str]) -> None:
    """Propose to reboot these hosts."""
    from nixtui.tui.screens.confirming import PlanQuestion

    acting = place.session.cockpit.acting
    question = PlanQuestion(
        f"Reboot {_on(names)}",
        "Reboot",
        lambda: acting.plan_reboot(names),
        asking="asking what would boot",
        command=["nixtui", "reboot", *names],
    )
    opening.plan(place.nixtui, names, question)


def break_lock(place: Place) -> None:
    """Propose to end whatever holds the locks of the selected hosts, as far as any is locked."""
    from nixtui.tui.screens.confirming import PlanQuestion

    cockpit, session = place.session.cockpit, place.session
    names = [
        name
        for name in place.selection().hosts
        if (facts := cockpit.fleet.status(name).facts).lock is not None or facts.leftovers
    ]
    if not names:
        session.say(Level.INFO, "No selected host is locked.")
        return

    async def prepare() -> Plan:
        return cockpit.acting.plan_break_lock(names)

    words = ["nixtui", "break-lock", *names]
    opening.plan(place.nixtui, names, PlanQuestion(f"Break the lock of {_on(names)}", "Break", prepare, command=words))


# A shell


def shell(place: Place) -> None:
    """Step aside for a real `ssh` to the host under the cursor."""
    selection, session = place.selection(), place.session
    name = selection.row if selection.row in session.cockpit.fleet else next(iter(selection.hosts), None)
    if name is None:
        session.say(Level.WARNING, f"shell: {needs_hosts(selection)}")
        return
    status = session.cockpit.fleet.status(name)
    if status.state in _NOT_FOR_STRANGERS:
        session.say(Level.ERROR, f"{name}: {status.reason or 'its host key is not trusted'}", remedy=status.remedy)
        return
    place.in_background(partial(_step_aside, place, name), group="shell", doing=f"A shell on {name}")


async def _step_aside(place: Place, name: str) -> None:
    app, acting = place.nixtui, place.session.cockpit.acting
    words = await acting.shell_words(name)
    status = await app.aside(lambda: acting.shell(words), f"{shlex.join(words)}\n")
    place.session.cockpit.refresh((name,))
    if status == 255:  # ssh's own word for "I did not get there"
        place.session.say(Level.WARNING, f"ssh to {name} ended with 255: it was not reached, or the link was lost")
    else:
        ended = "" if status == 0 else f" (exit {status})"
        place.session.say(Level.INFO, f"Back from {name}{ended}.")


# A login at AWS


def log_in(place: Place, profile: str | None) -> None:
    """Step aside for AWS's own command line, which opens a browser."""
    place.in_background(partial(_log_in, place, profile), group="shell", doing="Logging in at AWS")


async def _log_in(place: Place, profile: str | None) -> None:
    app, cockpit = place.nixtui, place.session.cockpit
    words = cockpit.images.words_to_log_in(profile)
    status = await app.aside(lambda: cockpit.acting.shell(words), f"{shlex.join(words)}\n")
    if status == 0:
        place.session.say(Level.DONE, "Logged in at AWS; ctrl+r asks it again.")
    else:
        place.session.say(Level.WARNING, f"{shlex.join(words)} ended with {status}: what it said is above the app")


# Requests to a running operation

_ASKED = {
    Request.CONFIRM: (
        "Confirm by hand?",
        "The activation has ended and a new login works. What is still waited for (failed units, health commands) will "
        "not be looked at: profile and boot entry are set now, and the host no longer goes back by itself.",
        "Confirm",
    ),
    Request.GO_BACK: (
        "Take it back now?",
        "This host goes back at once to what it ran before, and the rest of the operation goes on. It counts as a host "
        "that did not succeed: with too many of them the operation begins no further wave.",
        "Back now",
    ),
}


def request(screen: ProgressScreen, what: str) -> None:
    """Ask something of the host under the cursor; what cannot be taken back is asked about first."""
    wanted = Request(what)
    operation, name = screen.operation, screen.table.cursor
    if operation is None or name is None:
        return

    def ask() -> None:
        try:
            operation.ask(name, wanted)
            screen.session.say(Level.INFO, f"{name}: asked to {wanted.value}.")
        except NotNow as refusal:
            screen.session.say(Level.WARNING, f"{name}: cannot {wanted.value}: {refusal.reason}")

    if wanted in _ASKED:
        title, meaning, yes = _ASKED[wanted]
        opening.question(screen.nixtui, f"{title} {clean(name)}", meaning, yes, ask)
    else:
        ask()
