"""What an action is: a key, a title, what it does, and what can stand against it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

Where = TypeVar("Where")


class Scope(StrEnum):
    """Where an action is offered; the value heads its group in the help."""

    EVERYWHERE = "Everywhere"
    LISTS = "Lists"
    FLEET = "Fleet"
    GENERATIONS = "Generations"
    HOST = "Host page"
    BUILDS = "Builds"
    IMAGES = "Images"
    INSTANCES = "Instances"
    BIN = "Recycle bin"
    CONSOLE = "Console of an instance"
    SECRETS = "Secrets"
    VERSIONS = "History of a secret"
    MERGE = "Merge of secrets"
    HOST_SECRETS = "On hosts"
    LOGS = "Logs"
    ACTIVITY = "Activity"
    INCIDENT = "Incident timeline"
    MESSAGES = "Messages"
    MESSAGE = "Message"
    PROGRESS = "Operation"
    ANSWERS = "Answers"
    ROLLBACK = "Roll back"
    PLAN = "Plan"
    FIRST_RUN = "First run"


class Selection(msgspec.Struct, frozen=True):
    """What an action would act on, by name, frozen when a key is pressed.

    `hosts` are the marked hosts, or the one under the cursor; `hidden` counts marked ones that a filter hides.
    `forbidden` is why nothing may be changed on them. `row` is the key under the cursor of any list, `running`
    whether the operation shown still runs, and `refusals` what cannot be asked of it for the row, by request, and why.
    """

    hosts: tuple[str, ...] = ()
    marked: int = 0
    hidden: int = 0
    forbidden: str | None = None
    row: str | None = None
    running: bool = False
    refusals: Mapping[str, str] = msgspec.field(default_factory=dict)


TRY_AGAIN = "try again"
"""What `Selection.refusals` calls proposing an operation again, beside the requests to one that runs."""

WhyDisabled = Callable[[Selection], str | None]


def always(_: Selection) -> str | None:
    """Nothing stands against it."""
    return None


def needs_row(selection: Selection) -> str | None:
    """Something has to be under the cursor."""
    return None if selection.row else "the list is empty"


def needs_hosts(selection: Selection) -> str | None:
    """A host has to be selected."""
    return None if selection.hosts else "no host is selected"


def needs_one_host(selection: Selection) -> str | None:
    """It is done for one host at a time."""
    return None if len(selection.hosts) == 1 else "packages are compared for one host at a time"


def needs_ssh_hosts(selection: Selection) -> str | None:
    """The ssh_config has to name some."""
    return None if selection.hosts else "no host is named in ~/.ssh/config"


def needs_marks(selection: Selection) -> str | None:
    """A host has to be marked."""
    return None if selection.marked else "no host is marked; space marks one"


def may_change_each(noun: str) -> WhyDisabled:
    """Some have to be selected, all of them in sight, where changes are allowed."""

    def why_not(selection: Selection) -> str | None:
        if selection.hidden:
            hidden = f"a marked {noun} is" if selection.hidden == 1 else f"{selection.hidden} marked {noun}s are"
            return f"{hidden} hidden by the filter: show what is hidden with esc, or take the marks away with u"
        return (None if selection.hosts else f"no {noun} is selected") or selection.forbidden

    return why_not


may_change = may_change_each("host")
"""Of hosts."""


def may_make(selection: Selection) -> str | None:
    """Changes have to be allowed; nothing has to be selected."""
    return selection.forbidden


def needs_running(selection: Selection) -> str | None:
    """The operation must not have ended."""
    return None if selection.running else "the operation has ended"


def can_ask(request: str) -> WhyDisabled:
    """A running operation must be open to this request for the host under the cursor."""
    return lambda selection: needs_row(selection) or selection.refusals.get(request)


class Action(msgspec.Struct, Generic[Where], frozen=True):
    """One thing to do somewhere.

    `key` is in Textual's notation, several separated by commas. `rank` is its place in the footer, lowest first;
    `None` leaves it to help and palette. `danger` marks what changes hosts: it opens a dialog, never acts by itself.
    """

    id: str
    key: str
    title: str
    run: Callable[[Where], None]
    why_disabled: WhyDisabled = always
    danger: bool = False
    rank: int | None = None
    help: str | None = None


_SHOWN = {
    "escape": "esc", "question_mark": "?", "slash": "/", "colon": ":", "minus": "-", "pagedown": "pgdn",
    "pageup": "pgup", "ctrl+@": "ctrl+space", "exclamation_mark": "!",
}  # fmt: skip

_NAMED = {shown: name for name, shown in _SHOWN.items() if len(shown) > 1}


def key_shown(keys: str) -> str:
    """The first of an action's keys, as people write it."""
    first = keys.split(",")[0]
    return _SHOWN.get(first, first)


def key_named(shown: str) -> str:
    """The contrary of `key_shown`: what people call a key, as the table has it."""
    return _NAMED.get(shown, shown)
