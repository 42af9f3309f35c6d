"""How a group is rolled, as it is typed: `checkpoint=25,50 bake=10m alarm=errors`; the words are the command's."""

from collections.abc import Iterator

import msgspec

from nixtui.config.duration import parse_pause
from nixtui.config.value import BadValue
from nixtui.instances.refreshing import Rollout
from nixtui.instances.standing import Group
from nixtui.model.image import Image

_LONGEST_S = 172_800
"""As long as AWS lets a refresh wait or bake: two days."""


class BadRoll(ValueError):
    """What was typed says nothing; the message says why."""


class RollOptions(msgspec.Struct, frozen=True):
    """What was typed; times in seconds."""

    min_healthy: int = 90
    checkpoints: tuple[int, ...] = ()
    checkpoint_s: int = 3600
    bake_s: int = 0
    alarms: tuple[str, ...] = ()
    auto_rollback: bool = True

    def rollout(self, group: Group, image: Image) -> Rollout:
        """With whom, and onto what."""
        return Rollout(group=group, image=image, **msgspec.structs.asdict(self))


def roll_options(text: str) -> RollOptions:
    """Raises `BadRoll`."""
    found: dict[str, object] = {}
    for word in text.split():
        name, sign, value = word.removeprefix("--").partition("=")
        match name:
            case "no-auto-rollback" if not sign:
                found["auto_rollback"] = False
            case "min-healthy":
                found["min_healthy"] = _percent(name, value)
            case "checkpoint":
                steps = sorted({_percent(name, each) for each in value.split(",")})
                found["checkpoints"] = tuple(each for each in steps if each)
            case "checkpoint-delay":
                found["checkpoint_s"] = _seconds(name, value)
            case "bake":
                found["bake_s"] = _seconds(name, value)
            case "alarm" if value:
                found["alarms"] = tuple(each for each in value.split(",") if each)
            case _:
                raise BadRoll(f'"{word}" is none of {" ".join(_NAMES)}')
    return msgspec.convert(found, RollOptions)


_NAMES = ("alarm=", "bake=", "checkpoint=", "checkpoint-delay=", "min-healthy=", "no-auto-rollback")


def complete(text: str) -> list[str]:
    """Whole texts that may be meant: the last word as one of the options."""
    before, _, last = text.rpartition(" ")
    start = f"{before} " if before else ""
    return [f"{start}{name}" for name in _NAMES if name.startswith(last) and name != last]


def _percent(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 100:
        raise BadRoll(f"{name}= takes percent, from 0 to 100")
    return int(text)


def _seconds(name: str, text: str) -> int:
    try:
        seconds = int(parse_pause(f"{text}s" if text.isdecimal() else text))
    except BadValue as error:
        raise BadRoll(f"{name}= takes a time, such as 10m") from error
    if seconds > _LONGEST_S:
        raise BadRoll(f"{name}= is two days at most")
    return seconds


def written(options: RollOptions) -> Iterator[str]:
    """The same as arguments of `nixtui instance refresh`."""
    plain = RollOptions()
    if options.min_healthy != plain.min_healthy:
        yield from ("--min-healthy", str(options.min_healthy))
    for each in options.checkpoints:
        yield from ("--checkpoint", str(each))
    if options.checkpoint_s != plain.checkpoint_s:
        yield from ("--checkpoint-delay", str(options.checkpoint_s))
    if options.bake_s:
        yield from ("--bake", str(options.bake_s))
    for alarm in options.alarms:
        yield from ("--alarm", alarm)
    if not options.auto_rollback:
        yield "--no-auto-rollback"
