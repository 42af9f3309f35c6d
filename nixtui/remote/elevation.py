"""Becoming root on a host: one strategy per way. None of them uses a terminal, none puts a secret into an argument.

Each command starts `sh -s`, which reads the script from standard input; sudo and run0 say a nonce first, so that a
password is written only to who asked for it, and the script only to a shell that is there.
"""

import asyncio
from enum import Enum, auto
from random import Random
from typing import Final, Protocol

from nixtui.remote.errors import ElevationFailed, RemoteError, Unreachable
from nixtui.remote.limit import Limit
from nixtui.remote.output import said
from nixtui.remote.prompter import Secret
from nixtui.remote.session import Beginning, Session, Sink, discard
from nixtui.remote.settings import ElevationMode
from nixtui.remote.sudo_passwords import ATTEMPTS, HostPassword, SudoPasswords

PLAIN: Final = "sh -s"
_NOT_FOUND: Final = 127
_SAID_KEPT_BYTES: Final = 4_000


class Elevation(Protocol):
    """How one host makes root of its login."""

    def command(self, nonce: str) -> str:
        """What the login shell, whichever it is, gets to run: constant but for the nonce."""
        ...

    async def handshake(self, session: Session, nonce: str, limit: Limit) -> None:
        """Return when the shell is there as root. Raises `ElevationFailed`."""
        ...


class Already:
    """The login is root already, or has to do as it is."""

    def command(self, nonce: str) -> str:  # noqa: ARG002 - the protocol's
        """Just the shell."""
        return PLAIN

    async def handshake(self, session: Session, nonce: str, limit: Limit) -> None:
        """Nothing to wait for: the script goes out at once, one round trip less."""


class Sudo:
    """sudo, with a password when it asks for one."""

    def __init__(self, host: str, user: str, passwords: SudoPasswords) -> None:
        self._host = host
        self._user = user
        self._passwords = passwords

    def command(self, nonce: str) -> str:
        """`-S`: the password comes on standard input; `-p`: by this prompt we know that it is sudo who asks."""
        return f"sudo -S -p {_prompt(nonce)} -- sh -c 'echo {_ready(nonce)}; exec {PLAIN}'"

    async def handshake(self, session: Session, nonce: str, limit: Limit) -> None:
        """Wait for the shell; give the password when asked."""
        talk = _Talk(session, nonce)
        if await talk.next() is not _Event.READY:
            await self._authenticate(talk, session, limit)

    async def _authenticate(self, talk: "_Talk", session: Session, limit: Limit) -> None:
        self._fail_if_ended(talk, session)
        password = self._passwords.of(self._host)
        tried = password.proven
        if tried is not None and await self._gives(talk, session, tried):
            return
        with limit.paused():
            await password.turn.acquire()
        try:
            proven = password.proven  # somebody else may have been asked meanwhile
            if proven is None or proven == tried or not await self._gives(talk, session, proven):
                await self._ask(talk, session, limit, password)
        finally:
            password.turn.release()

    async def _ask(self, talk: "_Talk", session: Session, limit: Limit, password: HostPassword) -> None:
        password.proven = None
        question = f"sudo password of {self._user} on {self._host}"
        for _ in range(ATTEMPTS):
            with limit.paused():
                answer = await self._passwords.ask(question)
            if answer is None:
                raise ElevationFailed(self._host, f"sudo wants the password of {self._user}, and none was given")
            if await self._gives(talk, session, answer):
                password.proven = answer
                return
            question = f"That was wrong. sudo password of {self._user} on {self._host}"
        raise ElevationFailed(self._host, f"sudo refused {ATTEMPTS} passwords of {self._user}")

    async def _gives(self, talk: "_Talk", session: Session, password: Secret) -> bool:
        """Write a password; whether it was right."""
        session.write(password.value + "\n")
        event = await talk.next()
        if event is _Event.ENDED:
            self._passwords.of(self._host).proven = None
            self._fail_if_ended(talk, session)
        return event is _Event.READY

    def _fail_if_ended(self, talk: "_Talk", session: Session) -> None:
        if talk.last is _Event.ENDED:
            raise _refused("sudo", self._host, self._user, session, talk.said)


class Run0:
    """systemd's way: a transient unit as root, allowed by a polkit rule."""

    def __init__(self, host: str, user: str) -> None:
        self._host = host
        self._user = user

    def command(self, nonce: str) -> str:
        """What run0 does itself, without a terminal; a password cannot be given, so none is asked for."""
        return (
            "systemd-run --uid=0 --pipe --quiet --wait --collect --service-type=exec --send-sighup --no-ask-password "
            f"--setenv=PATH -- sh -c 'echo {_ready(nonce)}; exec {PLAIN}'"
        )

    async def handshake(self, session: Session, nonce: str, limit: Limit) -> None:  # noqa: ARG002 - nobody is asked
        """Wait for the shell."""
        talk = _Talk(session, nonce)
        if await talk.next() is not _Event.READY:
            raise _refused("run0", self._host, self._user, session, talk.said)


def elevation(mode: ElevationMode, host: str, user: str, passwords: SudoPasswords) -> Elevation:
    """The strategy for a login; root needs none."""
    if user == "root":
        return Already()
    match mode:
        case ElevationMode.NONE:
            return Already()
        case ElevationMode.SUDO:
            return Sudo(host, user, passwords)
        case ElevationMode.RUN0:
            return Run0(host, user)


def new_nonce(random: Random) -> str:
    """64 bits that nobody on the host can know beforehand."""
    return f"{random.getrandbits(64):016x}"


class _Event(Enum):
    READY = auto()
    PROMPT = auto()
    ENDED = auto()


class _Talk:
    """Listens to both outputs until the shell is there: the prompt comes on stderr, the ready mark on stdout."""

    def __init__(self, session: Session, nonce: str) -> None:
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._prompt = _prompt(nonce).encode()
        self._stderr = b""
        self.last: _Event | None = None
        Beginning(f"{_ready(nonce)}\n".encode(), session, self._note_ready)
        session.stderr = self._listen
        session.ended.add_done_callback(lambda _: self._events.put_nowait(_Event.ENDED))

    @property
    def said(self) -> str:
        """What was said besides prompts."""
        return said(self._stderr.decode(errors="replace"))

    async def next(self) -> _Event:
        """What happens next."""
        self.last = await self._events.get()
        return self.last

    def _note_ready(self) -> Sink:
        self._events.put_nowait(_Event.READY)
        return discard

    def _listen(self, received: bytes) -> None:
        heard = self._stderr + received
        while self._prompt in heard:
            before, _, after = heard.partition(self._prompt)
            heard = before + after
            self._events.put_nowait(_Event.PROMPT)
        self._stderr = heard[-_SAID_KEPT_BYTES:]


def _prompt(nonce: str) -> str:
    return f"nixtui-asks-{nonce}:"


def _ready(nonce: str) -> str:
    return f"nixtui-ready-{nonce}"


_REMEDIES: Final = {
    "sudo": "allow it on the host (security.sudo.extraRules, wheel), or log in as root",
    "run0": "allow it on the host with a polkit rule for org.freedesktop.systemd1.manage-units, or use sudo",
}


def _refused(program: str, host: str, user: str, session: Session, words: str) -> RemoteError:
    lost = session.ended.result()
    if lost is not None:
        return Unreachable(host, f"the link was lost while {program} was starting")
    if session.exit_status == _NOT_FOUND:
        remedy = "set [ssh] elevate to what the host has, or log in as root"
        return ElevationFailed(host, f"{program} is not there ({words})", remedy)
    return ElevationFailed(host, f"{program} makes no root of {user}: {words or 'it says nothing'}", _REMEDIES[program])
