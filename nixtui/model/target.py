"""Which generation to go to: `previous`, `current`, `154`, `@14:00`, `@2h`, `rev:98fe21c`, `path:/nix/store/…`.

The text is parsed once into a `Target`; each host then resolves it against its own generations, so "what ran at
14:00" is one target although every host has other numbers.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from nixtui.model.generation import Generation, Generations
from nixtui.model.store_path import is_store_path


class BadTarget(ValueError):
    """The text is no target; the message says what would be."""


class NoSuchGeneration(LookupError):
    """The target means nothing on this host; the message says why in one sentence."""


class Previous(msgspec.Struct, frozen=True):
    """The generation before the one that runs, by number: what "undo the last switch" means."""


class Current(msgspec.Struct, frozen=True):
    """What runs now, a generation or not."""


class Number(msgspec.Struct, frozen=True):
    """A generation by its number."""

    number: int


class AtTime(msgspec.Struct, frozen=True):
    """What was current at a moment on every host (Unix seconds)."""

    moment: float


class Ago(msgspec.Struct, frozen=True):
    """What was current some time ago, by each host's own clock (seconds)."""

    seconds: float


class Revision(msgspec.Struct, frozen=True):
    """The newest generation built from a configuration revision, given by at least its first characters."""

    prefix: str


class Path(msgspec.Struct, frozen=True):
    """A system in the host's store, whether a generation has it or not."""

    path: str


Target = Previous | Current | Number | AtTime | Ago | Revision | Path

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NUMBER = re.compile(r"[0-9]{1,9}")
_AGO = re.compile(r"([0-9]{1,9})([smhdw])")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class Resolved(msgspec.Struct, frozen=True):
    """A target on one host: the path that the profile gets and, where a generation has it, that generation."""

    path: str
    generation: Generation | None

    @property
    def system(self) -> str:
        """The system that runs then."""
        return self.generation.system if self.generation else self.path

    @property
    def label(self) -> str:
        """`154`, or the path of a system that is no generation."""
        return str(self.generation.number) if self.generation else self.path


class WayBack(msgspec.Struct, frozen=True):
    """Where undoing the last operation on a host leads: a target as text, and how that is known, as a clause."""

    target: str
    why: str


def parse_target(text: str, *, now: datetime) -> Target:
    """The target that `text` names; `now` (with a time zone) gives `@14:00` its day. Raises `BadTarget`."""
    match text.partition(":"):
        case ("previous", "", ""):
            return Previous()
        case ("current", "", ""):
            return Current()
        case (number, "", "") if _NUMBER.fullmatch(number):
            return Number(int(number))
        case ("rev", ":", prefix) if re.fullmatch(r"[0-9a-zA-Z.\-_]{4,}", prefix):
            return Revision(prefix)
        case ("path", ":", path) if is_store_path(path):
            return Path(path)
    if text.startswith("@"):
        return _parse_moment(text[1:], now)
    raise BadTarget(
        f'"{text}" is no target; write previous, current, a generation number, @14:00, @2h, @2026-11-20T14:00, '
        "rev: with at least 4 characters of a revision, or path:/nix/store/…"
    )


def parse_moment(text: str, now: float) -> float:
    """Unix seconds of a moment as it is written in a target, with or without its `@`; a time of day is one in UTC.

    Raises `BadTarget`.
    """
    written = text.strip().removeprefix("@").removesuffix("Z")
    try:
        parsed = parse_target(f"@{written}", now=datetime.fromtimestamp(now, UTC))
    except BadTarget as error:
        raise BadTarget(str(error).replace(f'"@{written}"', f'"{text}"')) from None
    match parsed:
        case Ago(seconds):
            return now - seconds
        case AtTime(moment):
            return moment
    raise BadTarget(f'"{text}" is no moment')


def _parse_moment(text: str, now: datetime) -> Target:
    if match := _AGO.fullmatch(text):
        return Ago(int(match[1]) * _SECONDS[match[2]])
    if match := _CLOCK.fullmatch(text):
        return AtTime(_last_time_the_clock_showed(match, text, now).timestamp())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadTarget(f'"@{text}" is no moment; write @14:00, @2h (s, m, h, d, w) or @2026-11-20T14:00') from None
    moment = _in_zone(moment, now.tzinfo)
    if moment > now:
        raise BadTarget(f'"@{text}" is still to come; a host can only go back to what it ran')
    return AtTime(moment.timestamp())


def _last_time_the_clock_showed(match: re.Match[str], text: str, now: datetime) -> datetime:
    """`@23:50` said at 00:10 is twenty minutes ago, not in the future."""
    try:
        today = now.replace(hour=int(match[1]), minute=int(match[2]), second=int(match[3] or 0), microsecond=0)
    except ValueError:
        raise BadTarget(f'"@{text}" is no time of day; write @14:00') from None
    return today if today <= now else today - timedelta(days=1)


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)


def resolve(target: Target, host: Generations) -> Resolved:
    """The system that `target` means on a host with these generations. Raises `NoSuchGeneration`.

    The result may be what runs already; that is for the plan to say. A generation whose path is gone from the
    store is refused here, because no host can go there.
    """
    found: Generation | str
    match target:
        case Previous():
            found = _previous(host)
        case Current():
            if host.current_system is None:
                raise NoSuchGeneration("the host does not say what it runs")
            found = host.running or host.current_system
        case Number(number):
            found = host.with_number(number) or _missing(f"there is no generation {number}", host)
        case AtTime(moment):
            found = _at(host, moment)
        case Ago(seconds):
            found = _at(host, host.clock - seconds)
        case Revision(prefix):
            found = _newest(host, prefix)
        case Path(path):
            found = next((each for each in host.items if path in (each.path, each.system)), path)
    if isinstance(found, str):
        return Resolved(found, None)
    if not found.path_exists:
        raise NoSuchGeneration(f"generation {found.number} is gone from the store ({found.path})")
    return Resolved(found.path, found)


def _missing(reason: str, host: Generations) -> Generation:
    have = ", ".join(str(each.number) for each in host.items[:6]) + (", …" if len(host.items) > 6 else "")
    raise NoSuchGeneration(f"{reason}; the host has {have or 'none'}")


def _previous(host: Generations) -> Generation:
    """The next lower number than what runs. Where that is no generation, the profile's is the last good one."""
    running = host.running
    if running is None:
        return host.profile or _missing("what runs is no generation and there is no profile to go back to", host)
    older = (each for each in host.items if each.number < running.number and each.system != running.system)
    return next(older, None) or _missing(f"generation {running.number} runs and no older one is left", host)


def _at(host: Generations, moment: float) -> Generation:
    """What the profile pointed to then, as far as its links tell.

    Since its last change it is the profile's own; before that, the newest generation made by then (a rollback that
    was itself left again leaves no trace in the links).
    """
    if host.profile and host.switched_at is not None and moment >= host.switched_at:
        return host.profile
    made = (each for each in host.items if each.created_at is not None and each.created_at <= moment)
    newest = max(made, key=lambda each: (each.created_at or 0.0, each.number), default=None)
    return newest or _missing(f"no generation is as old as {_written(moment)}", host)


def _written(moment: float) -> str:
    """Also for the moments of a host whose clock says nonsense."""
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "that"


def _newest(host: Generations, prefix: str) -> Generation:
    built = (each for each in host.items if (each.configuration_revision or "").startswith(prefix))
    return next(built, None) or _missing(f'no generation was built from revision "{prefix}"', host)
