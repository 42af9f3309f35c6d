"""The `:` command line: what can be typed, parsed into values, and completed."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

import msgspec


class BadCommand(ValueError):
    """The text is no command; the message says what would be."""


class Visit(msgspec.Struct, frozen=True):
    """Go to a screen."""

    place: str


class GoToHost(msgspec.Struct, frozen=True):
    """Put the cursor of the fleet on a host."""

    name: str


class OpenHost(msgspec.Struct, frozen=True):
    """Show the page of a host."""

    name: str


class RollBackTo(msgspec.Struct, frozen=True):
    """Propose to take the selected hosts to a target."""

    target: str


class ShowEnvironment(msgspec.Struct, frozen=True):
    """Show one environment only; `None` shows all."""

    name: str | None


class RunCommand(msgspec.Struct, frozen=True):
    """Propose to run a line on the selected hosts."""

    text: str


class RebootHosts(msgspec.Struct, frozen=True):
    """Propose to reboot the selected hosts."""


class BuildOn(msgspec.Struct, frozen=True):
    """Propose to build the systems of the selected hosts somewhere: a host of the fleet, `target` or a store."""

    where: str


class DeployFrom(msgspec.Struct, frozen=True):
    """Propose to deploy to the selected hosts what is built somewhere."""

    where: str


class ProposeTyped(msgspec.Struct, frozen=True):
    """Propose what a command of the command line would do; `text` is what follows it."""

    command: str
    text: str


class OpenShell(msgspec.Struct, frozen=True):
    """A real ssh to the host under the cursor."""


class LogIn(msgspec.Struct, frozen=True):
    """Log in at AWS again; `None` is the only login there is."""

    profile: str | None


class WhatBefore(msgspec.Struct, frozen=True):
    """Show the incident timeline, asked what changed before a moment."""

    moment: str


class SortBy(msgspec.Struct, frozen=True):
    """Order the fleet by a column; the same again turns it round."""

    column: str


class GroupBy(msgspec.Struct, frozen=True):
    """Group the fleet; by nothing where `name` is `None`."""

    name: str | None


class FilterBy(msgspec.Struct, frozen=True):
    """Show the hosts that a selector matches."""

    selector: str


class UseTheme(msgspec.Struct, frozen=True):
    """Other colours."""

    name: str


class Do(msgspec.Struct, frozen=True):
    """An action of the screen in front, by its id."""

    action: str


class Quit(msgspec.Struct, frozen=True):
    """Leave."""


Command = (
    Visit
    | GoToHost
    | OpenHost
    | RollBackTo
    | ShowEnvironment
    | SortBy
    | GroupBy
    | FilterBy
    | UseTheme
    | RunCommand
    | RebootHosts
    | BuildOn
    | DeployFrom
    | ProposeTyped
    | OpenShell
    | LogIn
    | WhatBefore
    | Do
    | Quit
)


class Vocabulary(msgspec.Struct, frozen=True):
    """What names exist to complete with. `actions` are those of the screen in front."""

    places: Sequence[str]
    hosts: Sequence[str]
    environments: Sequence[str]
    columns: Sequence[str] = ()
    groupings: Sequence[str] = ()
    themes: Sequence[str] = ()
    actions: Sequence[str] = ()
    typed: Sequence[str] = ()
    options: Callable[[str], Sequence[str]] = lambda _: ()
    """`typed` are commands as a shell has them, each of two words; `options` are those of one."""

    @property
    def words(self) -> Sequence[str]:
        """All that a command can begin with, those one is likely to mean first."""
        return tuple(dict.fromkeys((*self.places, *_VERBS, *self.actions, *self.typed)))


_VERBS = (
    "q", "quit", "host", "open", "rollback", "env", "sort", "group", "filter", "theme",
    "run", "reboot", "shell", "before", "login",
)  # fmt: skip
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
        case ("host", name):
            return GoToHost(_one_of(name, vocabulary.hosts, "host"))
        case ("open", name) if name or "open" not in vocabulary.actions:
            return OpenHost(_one_of(name, vocabulary.hosts, "host"))
        case ("rollback", target):
            return RollBackTo(target or "previous")
        case ("run", ""):
            raise BadCommand(":run needs a command, such as :run uptime")
        case ("run", line):
            return RunCommand(line)
        case ("reboot", ""):
            return RebootHosts()
        case ("build" | "deploy", words) if words.split()[:1] == ["on"]:
            where = words.removeprefix("on").strip()
            if "://" not in where:
                where = _one_of(where, ("here", "target", *vocabulary.hosts), "place")
            return BuildOn(where) if verb == "build" else DeployFrom(where)
        case (noun, words) if command := _typed(noun, words, vocabulary.typed):
            return ProposeTyped(command, f"{noun} {words}".removeprefix(command).strip())
        case ("shell", ""):
            return OpenShell()
        case ("login", profile):
            return LogIn(profile or None)
        case ("before", ""):
            raise BadCommand(":before needs a moment, such as 03:12 or 2h")
        case ("before", moment):
            return WhatBefore(moment)
        case ("env", "" | "all"):
            return ShowEnvironment(None)
        case ("env", name):
            return ShowEnvironment(_one_of(name, vocabulary.environments, "environment"))
        case ("filter", selector):
            return FilterBy(selector)
        case ("sort", column) if column:
            return SortBy(_one_of(column, vocabulary.columns, "column"))
        case ("group", "none"):
            return GroupBy(None)
        case ("group", name) if name:
            return GroupBy(_one_of(_tag_or(name, vocabulary.groupings), vocabulary.groupings, "grouping"))
        case ("theme", name) if name:
            return UseTheme(_one_of(name, vocabulary.themes, "theme"))
        case (action, "") if action in vocabulary.actions:
            return Do(action)
    if verb in vocabulary.words:
        raise BadCommand(f'"{verb}" takes nothing like "{argument}"; try {verb} alone, or tab for what it takes')
    raise BadCommand(f'"{text.strip()}" is no command; {_suggestion(verb, vocabulary.words)}')


def _typed(noun: str, words: str, known: Sequence[str]) -> str | None:
    command = f"{noun} {words.partition(' ')[0]}"
    return command if command in known else None


def _tag_or(name: str, groupings: Sequence[str]) -> str:
    """`role` means `tag:role` where nothing else is called so."""
    return f"tag:{name}" if name not in groupings and f"tag:{name}" in groupings else name


def _one_of(name: str, known: Sequence[str], noun: str) -> str:
    if name in known:
        return name
    if not name:
        raise BadCommand(f":{noun} needs a name")
    raise BadCommand(f'there is no {noun} "{name}"; {_suggestion(name, known)}')


def _suggestion(given: str, known: Sequence[str]) -> str:
    near = get_close_matches(given, known, n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"try {', '.join(known[:12])}" if known else "none is known"


def complete(text: str, vocabulary: Vocabulary, limit: int = 8) -> list[str]:
    """Whole command lines that `text` may become, the likeliest first."""
    verb, space, typed = text.partition(" ")
    if any(each.startswith(f"{verb} ") for each in vocabulary.typed):
        return _complete_typed(text, vocabulary)[:limit]
    if not space:
        return [each for each in vocabulary.words if each.startswith(verb)][:limit]
    known: dict[str, Sequence[str]] = {
        "host": vocabulary.hosts,
        "open": vocabulary.hosts,
        "env": (*vocabulary.environments, "all"),
        "rollback": _TARGETS,
        "sort": vocabulary.columns,
        "group": (*vocabulary.groupings, "none"),
        "theme": vocabulary.themes,
    }
    if {"build", "deploy"} & set(vocabulary.actions):
        places = [f"on {each}" for each in ("target", *vocabulary.hosts)]
        known |= {"build": places, "deploy": places}
    found = [each for each in known.get(verb, ()) if each.startswith(typed)]
    return [f"{verb} {each}" for each in found[:limit]]


def _complete_typed(text: str, vocabulary: Vocabulary) -> list[str]:
    """The command, then hosts and its options, whichever the last word may become."""
    noun, _, words = text.partition(" ")
    command = _typed(noun, words, vocabulary.typed)
    if command is None or not text.startswith(f"{command} "):
        return [each for each in vocabulary.words if each.startswith(text)]
    before, _, word = text.rpartition(" ")
    offered = vocabulary.options(command) if word.startswith("-") else vocabulary.hosts if word else ()
    return [f"{before} {each}" for each in offered if each.startswith(word)]
