"""Putting a secret into a file on a host. It goes over standard input and is nowhere else: no argument, no environment,
no file here.
"""

import asyncio
import base64
from dataclasses import dataclass
from functools import cache

from nixtui.remote.errors import BadAnswer, NoAnswer
from nixtui.remote.transport import Script, Transport, load_script

LIMIT_S = 60.0
"""A key is small; what takes longer is a host that hangs."""

_LINE_BYTES = 3 * 1024
"""In base64 a line of 4 KiB, which every shell reads."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret belongs, and whose it is; `permissions` are octal digits.

    `strict` insists on the owner: without it one that the host does not have (yet) is passed over, as Colmena does
    before an activation.
    """

    path: str
    user: str
    group: str
    permissions: str
    strict: bool


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A secret is where it belongs. `changed` unless it was already; `unowned` when its owner was passed over."""

    changed: bool
    unowned: str | None = None


def _encoded(secret: bytes) -> str:
    parts = (secret[start : start + _LINE_BYTES] for start in range(0, len(secret), _LINE_BYTES))
    return "".join(f"{base64.b64encode(part).decode()}\n" for part in parts) + ".\n"


@cache
def _script() -> Script:
    return load_script("key", "links")


async def upload(transport: Transport, place: Place, secret: bytes) -> Uploaded:
    """Put `secret` there, as root. Raises a `RemoteError`; no message has anything of the secret."""
    words = (str(len(secret)), place.path, place.user, place.group, place.permissions, "yes" if place.strict else "no")
    lines: list[str] = []
    try:
        async with asyncio.timeout(LIMIT_S), transport.open(_script(), *words, elevated=True) as channel:
            async for line in channel.lines():
                lines.append(line)
                if line == "ready":
                    channel.write(_encoded(secret))
    except TimeoutError as error:
        raise NoAnswer(transport.host.name, f"{place.path} was not written within {LIMIT_S:g} s") from error
    said = dict(line.partition(" ")[::2] for line in lines)
    if "uploaded" in said or "same" in said:
        return Uploaded("uploaded" in said, said.get("unowned"))
    raise BadAnswer(transport.host.name, f"{place.path} could not be written: {said.get('failed') or 'no word'}")
