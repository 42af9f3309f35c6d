"""A key that lives for a minute and nowhere but in this process: ssh asks us to sign with it, as it asks its agent.

We are that agent ourselves. A program of its own would have to be given the key, and would outlive a nixtui that is
killed. The protocol is that of draft-ietf-sshm-ssh-agent: two questions are answered, all others refused.
"""

import asyncio
import os
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import asyncssh

LIVES_S: Final = 60.0
"""As long as EC2 Instance Connect lets a key in that was pushed to it."""

_KIND: Final = "ssh-ed25519"
_COMMENT: Final = "nixtui"
_FAILURE: Final = b"\x05"
_LISTED: Final = b"\x0c"
_SIGNED: Final = b"\x0e"
_LONGEST: Final = 256 * 1024
"""Bytes of one message, as OpenSSH has it."""

_LONGEST_FOLDER: Final = 80
"""The path of a socket has 107 bytes on Linux, 103 on macOS."""


class FleetingKey:
    """A new ed25519 key. Its private half is never written, sent or shown."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._key: asyncssh.SSHKey | None = asyncssh.generate_private_key(_KIND)
        self._blob = self._key.public_data
        self.public = self._key.export_public_key().decode("ascii").strip() + f" {_COMMENT}"
        self._clock = clock
        self._ends = clock() + LIVES_S

    def __repr__(self) -> str:
        """Which key, by its public half."""
        return f"FleetingKey({self.public})"

    @asynccontextmanager
    async def agent(self, socket: Path) -> AsyncIterator[None]:
        """Answer ssh at this socket, whose folder is ours alone. Leaving forgets the key."""
        talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talking[task] = writer
            try:
                await self._talk(reader, writer)
            finally:
                del talking[task]
                writer.close()

        server = await asyncio.start_unix_server(serve, socket)
        try:
            yield
        finally:
            self._key = None
            server.close()
            for each in talking.values():
                each.transport.abort()
            await asyncio.gather(*talking)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack(">I", await reader.readexactly(4))
                if not 0 < length <= _LONGEST:
                    return
                answer = self.answer(await reader.readexactly(length))
                writer.write(struct.pack(">I", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def answer(self, message: bytes) -> bytes:
        """What an agent says to one message. Once its minute is over there is no key."""
        key = self._key if self._clock() < self._ends else None
        match message[0]:  # SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENTC_SIGN_REQUEST
            case 11 if key is None:
                return _LISTED + struct.pack(">I", 0)
            case 11:
                return _LISTED + struct.pack(">I", 1) + _string(self._blob) + _string(_COMMENT.encode())
            case 13 if key is not None:
                fields = list(_strings(message[1:], 2))
                if len(fields) == 2 and fields[0] == self._blob:
                    return _SIGNED + _string(key.sign(fields[1], _KIND.encode()))
        return _FAILURE


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _strings(rest: bytes, count: int) -> Iterator[bytes]:
    """The first strings of a message, as many as are whole."""
    for _ in range(count):
        if len(rest) < 4:
            return
        (length,) = struct.unpack(">I", rest[:4])
        if len(rest) < 4 + length:
            return
        yield rest[4 : 4 + length]
        rest = rest[4 + length :]


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that only we may enter, for a socket and what ssh is told beside it; gone afterwards."""
    usual = tempfile.gettempdir()
    place = usual if len(os.fsencode(usual)) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - mkdtemp is for us alone
    with tempfile.TemporaryDirectory(prefix="nixtui-", dir=place) as folder:
        yield Path(folder)


def through_agent(words: list[str], socket: str) -> list[str]:
    """The same `ssh`, with the one key of the agent at `socket` and with nothing lent to the other side.

    What is said first counts for ssh. No connection is shared: it might be another one's, with other rights.
    """
    options = {
        "IdentityAgent": socket,
        "IdentitiesOnly": "no",
        "IdentityFile": "none",
        "PreferredAuthentications": "publickey",
        "ForwardAgent": "no",
        "ControlPath": "none",
    }
    return [words[0], *(word for name, value in options.items() for word in ("-o", f"{name}={value}")), *words[1:]]
