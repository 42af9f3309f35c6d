"""Copying a closure to another store, told path by path, with what went wrong in words.

The event stream's numbers: NixOS/nix, src/libutil/include/nix/util/logging.hh (100 is one path, 105 its progress).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from nixtui.nix.errors import NixError, NixFailed
from nixtui.nix.streaming import stream_nix

SILENCE_LIMIT_S = 600.0
"""A path that the target fetches from its substituters tells nothing until it is there."""

_COPY_PATH = 100
_PROGRESS = 105


class Copied(msgspec.Struct, frozen=True):
    """How far a copy is: paths and bytes (NAR sizes) of those that were missing."""

    paths: int
    bytes: float


class CopyFailed(NixError):
    """A closure could not be copied. `again` says whether the same may work in a moment."""

    def __init__(self, reason: str, remedy: str | None = None, log: tuple[str, ...] = (), *, again: bool) -> None:
        super().__init__(reason, remedy, log)
        self.again = again


class _Message(msgspec.Struct):
    """A line of the stream, as far as copies go; whatever else it has is not looked at."""

    action: str = ""
    id: int = 0
    type: int = 0
    level: int = 0
    msg: str = ""
    fields: list[msgspec.Raw] = []


@dataclass(slots=True)
class CopyLog:
    """What a copy's event stream told so far. `sizes` are the bytes of the paths that were missing."""

    sizes: Mapping[str, int]
    tell: Callable[[Copied], None]
    errors: list[str] = field(default_factory=list)
    _running: dict[int, str] = field(default_factory=dict)
    _part: dict[int, float] = field(default_factory=dict)
    _paths: int = 0
    _bytes: float = 0.0

    def hear(self, line: bytes) -> bool:
        """One line of standard error; false for what is no event, which nix prints among them."""
        if not line.startswith(b"@nix "):
            return False
        try:
            message = msgspec.json.decode(line[5:], type=_Message)
            self._take(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return True  # another version's way to say something; what matters is how it ends
        return True

    def _take(self, message: _Message) -> None:
        match message:
            case _Message(action="start", type=100, fields=[path, *_]):
                self._running[message.id] = msgspec.json.decode(path, type=str)
            case _Message(action="result", type=105, fields=[done, *_]) if message.id in self._running:
                self._part[message.id] = msgspec.json.decode(done, type=float)
                self._told()
            case _Message(action="stop") if message.id in self._running:
                path_done = self._running.pop(message.id)
                self._part.pop(message.id, None)
                self._paths += 1
                self._bytes += self.sizes.get(path_done, 0)
                self._told()
            case _Message(action="msg", level=0):
                self.errors.extend(message.msg.splitlines()[:20])
                del self.errors[:-50]

    def _told(self) -> None:
        self.tell(Copied(self._paths, self._bytes + sum(self._part.values())))


async def copy_closure(
    *paths: str,
    to: str,
    sizes: Mapping[str, int],
    tell: Callable[[Copied], None],
    directory: Path,
    environ: Mapping[str, str],
    time_limit: float,
    substitute: bool = False,
) -> None:
    """Copy `paths` and what they need from the local store to the store `to`. Paths that are there are left alone.

    Signatures are not asked for on this side; whether the target wants them is the target's business. Raises
    `CopyFailed`, or another `NixError` when there is no nix, or it takes too long.
    """
    log = CopyLog(sizes, tell)
    options = ["--substitute-on-destination"] if substitute else []
    words = ("copy", "--no-check-sigs", *options, "--to", to, *paths, "--log-format", "internal-json", "-v")
    try:
        await stream_nix(
            words,
            directory=directory,
            environ=environ,
            hear=log.hear,
            time_limit=time_limit,
            silence_limit=SILENCE_LIMIT_S,
        )
    except NixFailed as error:
        raise explain((*error.log, *_plain(log.errors)), error.reason) from error


_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _plain(lines: list[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"[\x00-\x1f\x7f-\x9f]", "", _ANSI.sub("", line))[:500] for line in lines)


_UNTRUSTED = ("lacks a signature by a trusted key", "lacks a valid signature", "is not trusted", "not privileged")
_FULL = ("No space left on device", "database or disk is full", "not enough free space")
_NO_ENTRY = ("Permission denied (", "Host key verification failed", "Too many authentication failures")
_NO_NIX = ("command not found", "nix-store: not found", "No such file or directory: nix-store")


def explain(said: tuple[str, ...], reason: str) -> CopyFailed:
    """Why a copy failed, from what nix, its ssh and the nix at the other end printed."""
    text = "\n".join(said)

    def line_with(marks: tuple[str, ...]) -> str | None:
        return next((line.strip() for line in said if any(mark in line for mark in marks)), None)

    if line_with(_UNTRUSTED):
        return CopyFailed(
            "the login is no trusted user of the host's Nix, which takes only signed paths from it",
            "add it to nix.settings.trusted-users there, log in as one that is trusted, or sign the paths with a key "
            "the host trusts (nix store sign)",
            said,
            again=False,
        )
    if line_with(_FULL):
        return CopyFailed(
            "the disk of the host's store is full", "free room: nixtui store HOST --gc", said, again=False
        )
    if found := line_with(_NO_ENTRY):
        return CopyFailed(
            f"ssh could not log in: {found}",
            "what asks for a passphrase needs the key in an agent (ssh-add): nix has no terminal to ask on",
            said,
            again=False,
        )
    if "nix-store" in text and (found := line_with(_NO_NIX)):
        return CopyFailed(f"the host has no nix-store on its path: {found}", None, said, again=False)
    last = next((line.strip() for line in reversed(said) if line.strip()), reason)
    return CopyFailed(f"the copy broke off: {last.removeprefix('error: ')}", None, said, again=True)
