"""The selector language, the same on the command line, in `nixtui.toml` and behind `/`.

`web-1`, `web-*`, `tag:role=web`, `tag:role`, `env:prod`, `is:failed`, `gen:154`, `rev:98fe21c`, `all`;
a space means and, `,` means or (and binds tighter), `!` before a term means not.
"""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from types import MappingProxyType

import msgspec

from nixtui.model.host import Host
from nixtui.model.machine import Machine
from nixtui.model.status import HostState, HostStatus

STALE_AFTER_S = 30.0
"""Facts older than this are called stale: six missed ticks of the probe's default five seconds."""


class BadSelector(ValueError):
    """The text does not parse; the message says what would."""


class Subject(msgspec.Struct, frozen=True):
    """What a selector is asked about: a host, how it was seen, and the time (Unix seconds) to call that stale by.

    `is_outlier` when it runs another configuration revision than most of its peers. `machine` is the instance that it
    is, where EC2 was asked. (A struct and no dataclass: a
    filter over 10,000 hosts makes 10,000 of them while somebody types.)
    """

    host: Host
    status: HostStatus
    now: float
    is_outlier: bool = False
    machine: Machine | None = None

    @property
    def replacement(self) -> str | None:
        """What a replacement of it would come up on, where that is not what it runs; `None` where all is well, or where
        that is not known.
        """
        return None if self.machine is None else self.machine.replacement(self.status.facts.current_system)


def is_stale(status: HostStatus, now: float) -> bool:
    """True when the facts are old; a host that was never seen has none to be stale."""
    return status.observed_at is not None and now - status.observed_at > STALE_AFTER_S


Predicate = Callable[[Subject], bool]


def _has_failed_units(subject: Subject) -> bool:
    return bool(subject.status.facts.failed_units)


def _is_in(state: HostState) -> Predicate:
    return lambda subject: subject.status.state is state


_OLD_IMAGE = "old-image"

_WORDS: MappingProxyType[str, Predicate] = MappingProxyType(
    {
        "failed": _has_failed_units,
        "problem": lambda each: each.status.is_problem,
        "stale": lambda each: is_stale(each.status, each.now),
        "drifting": lambda each: each.status.is_drifting,
        "outlier": lambda each: each.is_outlier,
        _OLD_IMAGE: lambda each: each.replacement is not None,
        "reboot": lambda each: each.status.facts.reboot_needed is True,
        "locked": lambda each: each.status.facts.lock is not None,
        **{state.value: _is_in(state) for state in HostState},
    }
)


WORDS = tuple(_WORDS)
"""What can follow `is:`."""

KINDS = ("tag", "env", "is", "rev", "gen")
"""What can stand before a colon."""

_STATUS_KINDS = frozenset({"is", "rev", "gen"})


class Selector(msgspec.Struct, frozen=True):
    """A parsed selector; `text` is what was written. `needs_status` tells whether hosts must be seen to answer it.

    `kinds` are the words before a colon in it (`tag`, `env`, …).
    """

    text: str
    alternatives: tuple[tuple[Predicate, ...], ...]
    needs_status: bool
    kinds: frozenset[str] = frozenset()

    @property
    def asks_ec2(self) -> bool:
        """Whether EC2 must be asked to answer it."""
        return f"is:{_OLD_IMAGE}" in self.text

    def matches(self, subject: Subject) -> bool:
        """True when any alternative has all of its terms hold."""
        for terms in self.alternatives:  # loops and no generators: three times as fast, which typing feels
            for holds in terms:
                if not holds(subject):
                    break
            else:
                return True
        return False

    def select(self, subjects: Iterable[Subject]) -> list[Subject]:
        """The subjects that match, in their order."""
        return [subject for subject in subjects if self.matches(subject)]


def parse_selector(text: str, *, plain_is_substring: bool = False) -> Selector:
    """The selector `text` stands for. Raises `BadSelector`.

    `plain_is_substring` is for filtering as one types, where `eb-1` should find `web-12`; everywhere else a plain
    term is a whole name or a glob. Empty text matches every host only while filtering.
    """
    alternatives = [alternative.split() for alternative in text.split(",")]
    if not all(alternatives) and not plain_is_substring:
        raise BadSelector(f'"{text}" names no host; write a name, a glob such as web-*, tag:role=web, or all')
    terms = tuple(tuple(_parse_term(word, plain_is_substring) for word in words) for words in alternatives if words)
    words = (word.removeprefix("!") for words in alternatives for word in words)
    kinds = frozenset(word.partition(":")[0] for word in words if ":" in word)
    return Selector(text, terms or ((),), needs_status=not kinds.isdisjoint(_STATUS_KINDS), kinds=kinds)


def any_of(selectors: Iterable[Selector]) -> Selector:
    """One selector that matches what any of several does: the words of a command line."""
    given = list(selectors)
    return Selector(
        ",".join(each.text for each in given),
        tuple(alternative for each in given for alternative in each.alternatives),
        any(each.needs_status for each in given),
        frozenset().union(*(each.kinds for each in given)),
    )


def _parse_term(word: str, plain_is_substring: bool) -> Predicate:
    bare = word.removeprefix("!")
    negated = bare != word
    kind, colon, value = bare.partition(":")
    if not bare or (colon and not value) or bare.startswith("!") or value.startswith("="):
        raise BadSelector(f'"{word}" is only half a term; write for example tag:role=web or !is:failed')
    holds = _qualified(kind, value, word) if colon else _name(bare, plain_is_substring)
    return (lambda each: not holds(each)) if negated else holds


def _name(word: str, plain_is_substring: bool) -> Predicate:
    if word == "all" and not plain_is_substring:
        return lambda _: True
    if plain_is_substring and "*" not in word:
        lowered = word.lower()
        return lambda each: lowered in each.host.name.lower()
    return lambda each: fnmatchcase(each.host.name, word)


def _qualified(kind: str, value: str, word: str) -> Predicate:
    match kind:
        case "tag":
            key, equals, wanted = value.partition("=")
            if not equals:
                return lambda each: key in each.host.tags
            return lambda each: key in each.host.tags and fnmatchcase(each.host.tags[key], wanted)
        case "env":
            return lambda each: each.host.environment is not None and fnmatchcase(each.host.environment, value)
        case "is":
            if value not in _WORDS:
                raise BadSelector(f'"{word}": a host is never "{value}"; the words are {", ".join(_WORDS)}')
            return _WORDS[value]
        case "rev":
            return lambda each: (each.status.facts.configuration_revision or "").startswith(value)
        case "gen":
            if not re.fullmatch(r"[0-9]{1,9}", value):
                raise BadSelector(f'"{word}": a generation is a number, as in gen:154')
            number = int(value)
            return lambda each: each.status.facts.generation == number
    raise BadSelector(f'"{word}": unknown kind "{kind}:"; the kinds are tag:, env:, is:, rev: and gen:')
