"""The `:` command line: what can be typed, parsed into values, and completed."""

from collections.abc import Sequence
from dataclasses import dataclass


class BadCommand(ValueError):
    """The text is no command; the message says what would be."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Go to a screen."""

    place: str


@dataclass(frozen=True, slots=True)
class GoToHost:
    """Put the cursor of the fleet on a host."""

    name: str


@dataclass(frozen=True, slots=True)
class OpenHost:
    """Show the page of a host."""

    name: str


@dataclass(frozen=True, slots=True)
class RollBackTo:
    """Propose to take the selected hosts to a target."""

    target: str


@dataclass(frozen=True, slots=True)
class ShowEnvironment:
    """Show one environment only; `None` shows all."""

    name: str | None


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Propose to run a line on the selected hosts."""

    text: str


@dataclass(frozen=True, slots=True)
class RebootHosts:
    """Propose to reboot the selected hosts."""


@dataclass(frozen=True, slots=True)
class OpenShell:
    """A real ssh to the host under the cursor."""


@dataclass(frozen=True, slots=True)
class WhatBefore:
    """Show the incident timeline, asked what changed before a moment."""

    moment: str


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Command = (
    Visit
    | GoToHost
    | OpenHost
    | RollBackTo
    | ShowEnvironment
    | RunCommand
    | RebootHosts
    | OpenShell
    | WhatBefore
    | Quit
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What names exist to complete with."""

    places: Sequence[str]
    hosts: Sequence[str]
    environments: Sequence[str]


_VERBS = ("q", "quit", "host", "open", "rollback", "env", "run", "reboot", "shell", "before")
_TARGETS = ("previous", "current", "@2h", "@14:00", "rev:")


def parse_command(text: str, vocabulary: Vocabulary) -> Command:
    """The command in `text`, which comes without its colon. Raises `BadCommand`."""
    verb, _, argument = text.strip().partition(" ")
    argument = argument.strip()
    match verb, argument:
        case ("q" | "quit", ""):
            return Quit()
        case (place, "") if place in vocabulary.places:
            return Visit(place)
        case ("host", name) if name in vocabulary.hosts:
            return GoToHost(name)
        case ("open", name) if name in vocabulary.hosts:
            return OpenHost(name)
        case (("host" | "open"), name):
            raise BadCommand(f'there is no host "{name}"' if name else f":{verb} needs a name")
        case ("rollback", target):
            return RollBackTo(target or "previous")
        case ("run", ""):
            raise BadCommand(":run needs a command, such as :run uptime")
        case ("run", line):
            return RunCommand(line)
        case ("reboot", ""):
            return RebootHosts()
        case ("shell", ""):
            return OpenShell()
        case ("before", ""):
            raise BadCommand(":before needs a moment, such as 03:12 or 2h")
        case ("before", moment):
            return WhatBefore(moment)
        case ("env", "" | "all"):
            return ShowEnvironment(None)
        case ("env", name) if name in vocabulary.environments:
            return ShowEnvironment(name)
        case ("env", name):
            known = ", ".join(vocabulary.environments) or "none is configured"
            raise BadCommand(f'there is no environment "{name}" ({known})')
    raise BadCommand(f'"{verb}" is no command; try {", ".join((*vocabulary.places, *_VERBS[2:], "q"))}')


def complete(text: str, vocabulary: Vocabulary, limit: int = 8) -> list[str]:
    """Whole command lines that `text` may become, the likeliest first."""
    verb, space, typed = text.partition(" ")
    if not space:
        return [each for each in (*vocabulary.places, *_VERBS) if each.startswith(verb)][:limit]
    match verb:
        case "host" | "open":
            known: Sequence[str] = vocabulary.hosts
        case "env":
            known = (*vocabulary.environments, "all")
        case "rollback":
            known = _TARGETS
        case _:
            known = ()
    found = [each for each in known if each.startswith(typed)]
    return [f"{verb} {each}" for each in found[:limit]]
