"""Which generations of a host may go: a rule, and what no rule ever takes away."""

import re
from collections.abc import Mapping

import msgspec

from nixtui.model.generation import Generation, Generations

_COUNT = re.compile(r"[0-9]{1,6}")
_AGE = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class BadRetention(ValueError):
    """The text is no rule; the message says what would be."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Keep the newest `keep` generations, and those made within `older_than` seconds; what either keeps stays."""

    keep: int | None = None
    older_than: float | None = None

    def takes(self, generation: Generation, place: int, now: float) -> bool:
        """Whether the generation may go: the one at `place`, 0 being the newest. One of unknown age is not old."""
        if self.keep is not None and place < self.keep:
            return False
        if self.older_than is None:
            return True
        return generation.created_at is not None and now - generation.created_at > self.older_than


def parse_retention(text: str) -> Retention:
    """`5` keeps five, `30d` deletes what is older, `5 30d` what is neither of the five nor younger.

    Raises `BadRetention`.
    """
    keep: int | None = None
    older_than: float | None = None
    for word in text.split():
        if _COUNT.fullmatch(word) and keep is None:
            keep = int(word)
        elif (age := _AGE.fullmatch(word)) and older_than is None:
            older_than = float(int(age[1]) * _SECONDS[age[2]])
        else:
            raise BadRetention(f'"{word}" is neither how many to keep (5) nor an age (30d; s, m, h, d, w)')
    if keep is None and older_than is None:
        raise BadRetention("say how many to keep (5), from which age on they go (30d), or both")
    return Retention(keep=keep, older_than=older_than)


def protected(host: Generations) -> Mapping[int, str]:
    """The generations that are never deleted, by number, with the reason in a word or two."""
    found: dict[int, str] = {}
    marks = (
        ("runs", host.current_system),
        ("booted", host.booted_system),
        ("profile", host.profile_system),
        ("boots next", host.boot_default),
        *(("pinned", path) for path in host.pins),
    )
    for each in host.items:
        why = next((word for word, path in marks if path is not None and path in (each.path, each.system)), None)
        if why is None and (each.pinned or each.profile):
            why = "pinned" if each.pinned else "profile"
        if why is not None:
            found[each.number] = why
    for base in (host.running, host.profile):
        before = _before(host, base)
        if before is not None:
            found.setdefault(before.number, "previous")
    return found


def doomed(host: Generations, rule: Retention) -> tuple[Generation, ...]:
    """The generations that the rule takes and nothing protects, newest first."""
    kept = protected(host)
    return tuple(
        each for place, each in enumerate(host.items) if each.number not in kept and rule.takes(each, place, host.clock)
    )


def _before(host: Generations, base: Generation | None) -> Generation | None:
    """The one that `previous` means: the next lower number with another system that is still there."""
    if base is None:
        return None
    older = (
        each for each in host.items if each.number < base.number and each.system != base.system and each.path_exists
    )
    return next(older, None)


def numbers_shown(numbers: list[int]) -> str:
    """`401–405, 408`: runs of three and more as one, ascending."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [[f"{run[0]}–{run[-1]}"] if len(run) > 2 else [str(number) for number in run] for run in runs]
    return ", ".join(part for run in parts for part in run)
