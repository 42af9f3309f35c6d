"""What is said about a console beside its text: how old it is, and why there may be none."""

from typing import Final

from nixtui.aws.console_output import ConsoleOutput
from nixtui.aws.instances import Instance
from nixtui.model.naming import one_line

_YOUNG_S: Final = 300.0
"""EC2 has the output of a boot some minutes after it (what is no Nitro: up to four, says its documentation)."""

_AS_NOW_S: Final = 90.0


def as_of(output: ConsoleOutput, now: float) -> str:
    """How old it is, as the end of a sentence."""
    if output.at is None:
        return "EC2 does not say as of when"
    from datetime import UTC, datetime

    taken = datetime.fromtimestamp(output.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    seconds = now - output.at
    old = "just now" if seconds < _AS_NOW_S else f"{_span(seconds)} ago"
    what = "" if output.is_latest else ", when its state changed last"
    return f"as of {taken}, {old}{what}"


def why_empty(instance: Instance, now: float) -> str:
    """What is most likely behind a console without a line, and what to do."""
    state = one_line(instance.state)
    if state == "pending":
        return "the instance is only starting; ask again in a few minutes"
    if state != "running":
        return f"the instance is {state}, and EC2 keeps what it wrote for about an hour"
    if instance.launched_at is not None and now - instance.launched_at < _YOUNG_S:
        return "it started only minutes ago, and EC2 has its output later; ask again in a few minutes"
    return (
        "its system writes nothing there; NixOS images for EC2 do, by console=ttyS0 in boot.kernelParams. "
        "A picture of its screen may tell: nixtui instance console --screenshot FILE"
    )


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
