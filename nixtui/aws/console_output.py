"""The console of an instance, as EC2 kept it: its text, made harmless for a terminal, and a picture of its screen."""

import base64
import binascii
import re
from typing import Final

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session

KEPT: Final = "EC2 keeps the last 64 KiB"

_SEQUENCE: Final = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # a title, a colour table, a device string, to its end or the line's
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_BREAK: Final = re.compile(r"\r*\n\r*|\r+|\f|\v")
"""A carriage return alone ends a line as well: what is written over on a terminal must not be hidden here."""

_TAB: Final = 8
_JPEG: Final = b"\xff\xd8\xff"


class ConsoleOutput(msgspec.Struct, frozen=True):
    """What an instance wrote on its console, oldest line first.

    `at` is when EC2 took it (Unix seconds); `is_latest` whether it is as of now and not as of the last change of state.
    """

    lines: tuple[str, ...]
    at: float | None = None
    is_latest: bool = False


async def console_output(session: Session, region: str, instance: str) -> ConsoleOutput:
    """The newest output, which is there on Nitro only; else what EC2 took at the last start, stop or reboot.

    Raises `AwsError`.
    """
    found = ConsoleOutput(())
    for latest in (True, False):
        try:
            answer = await session.call("ec2", "GetConsoleOutput", region, InstanceId=instance, Latest=latest)
        except AwsError as error:
            if latest and error.kind is Kind.OTHER:
                continue
            raise
        taken = answer.get("Timestamp")
        lines = console_lines(str(answer.get("Output") or ""))
        found = ConsoleOutput(lines, taken.timestamp() if taken else None, latest)
        if lines:
            break
    return found


async def console_screenshot(session: Session, region: str, instance: str) -> bytes:
    """A picture of its screen, a JPEG. Raises `AwsError`."""
    answer = await session.call("ec2", "GetConsoleScreenshot", region, InstanceId=instance)
    try:
        picture = base64.b64decode(str(answer.get("ImageData") or ""), validate=False)
    except binascii.Error:
        picture = b""
    if not picture.startswith(_JPEG):
        raise AwsError(f"EC2 has no picture of the screen of {instance}", "try again later, or read its output")
    return picture


def console_lines(text: str) -> tuple[str, ...]:
    """The lines of a console without what would steer, hide or reorder anything on a terminal."""
    lines = [_harmless(line) for line in _BREAK.split(_SEQUENCE.sub("", text))]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return tuple(lines)


def _harmless(line: str) -> str:
    return "".join(sign for sign in line.expandtabs(_TAB) if sign.isprintable()).rstrip()
