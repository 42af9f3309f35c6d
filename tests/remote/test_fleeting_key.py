"""The key that lives for a minute, as OpenSSH's own programs see its agent."""

import asyncio
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncssh
import pytest

from nixtui.remote.fleeting_key import LIVES_S, FleetingKey, private_folder, through_agent
from tests.remote.sshd import keygen


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="key-", dir="/tmp") as folder:
        yield Path(folder) / "agent"


async def program(socket: Path, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *words,
        env={**os.environ, "SSH_AUTH_SOCK": str(socket)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_openssh_finds_the_one_key_and_signs_with_it(socket: Path, tmp_path: Path) -> None:
    key, message, public = FleetingKey(), tmp_path / "message", tmp_path / "key.pub"
    message.write_text("hello")
    public.write_text(key.public)
    async with key.agent(socket):
        assert await program(socket, "ssh-add", "-L") == (0, key.public + "\n")
        status, said = await program(socket, "ssh-keygen", "-Y", "sign", "-n", "file", "-f", str(public), str(message))
        assert status == 0, said
        allowed = tmp_path / "allowed"
        allowed.write_text(f"me {key.public}\n")
        check = f"ssh-keygen -Y verify -n file -I me -f {allowed} -s {message}.sig < {message}"
        status, said = await program(socket, "sh", "-c", check)
        assert (status, "Good" in said) == (0, True), said


async def test_after_a_minute_and_after_the_session_there_is_no_key(socket: Path) -> None:
    clock = Clock()
    key = FleetingKey(clock=clock)
    async with key.agent(socket):
        clock.now = LIVES_S - 0.1
        assert (await program(socket, "ssh-add", "-l"))[0] == 0
        clock.now = LIVES_S
        assert await program(socket, "ssh-add", "-l") == (1, "The agent has no identities.\n")
        assert key.answer(sign_request(key, b"x")) == b"\x05"
        clock.now = 0.0
    assert (await program(socket, "ssh-add", "-l"))[0] == 2  # nobody answers
    assert key.answer(sign_request(key, b"x")) == b"\x05"


async def test_whoever_is_connected_when_it_ends_is_let_go(socket: Path) -> None:
    key = FleetingKey()
    async with key.agent(socket):
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(struct.pack(">I", 1) + b"\x0b")
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        assert (await reader.readexactly(length))[0] == 12
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


async def test_nothing_can_be_put_in_taken_out_or_locked(socket: Path, tmp_path: Path) -> None:
    key, other = FleetingKey(), keygen(tmp_path / "other")
    async with key.agent(socket):
        assert (await program(socket, "ssh-add", str(other)))[0] != 0
        await program(socket, "ssh-add", "-D")
        assert await program(socket, "ssh-add", "-L") == (0, key.public + "\n")


def sign_request(key: FleetingKey, what: bytes, blob: bytes | None = None) -> bytes:
    blob = blob or asyncssh.import_public_key(key.public).public_data
    return b"\x0d" + b"".join(struct.pack(">I", len(each)) + each for each in (blob, what)) + bytes(4)


@pytest.mark.parametrize(
    "message",
    [b"\x0d", b"\x0d\x00\x00\x00\xff", b"\x0d" + bytes(8), b"\xff", b"\x1b" + bytes(40), b"\x11" + bytes(20)],
)
def test_what_is_no_question_for_it_is_refused(message: bytes) -> None:
    assert FleetingKey().answer(message) == b"\x05"


def test_it_signs_for_its_own_key_only() -> None:
    key, other = FleetingKey(), asyncssh.import_public_key(FleetingKey().public).public_data
    assert key.answer(sign_request(key, b"x"))[0] == 14
    assert key.answer(sign_request(key, b"x", other)) == b"\x05"


async def test_a_message_without_end_is_not_waited_for(socket: Path) -> None:
    async with FleetingKey().agent(socket):
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(struct.pack(">I", 2**31))
        assert await reader.read() == b""
        writer.close()


def test_its_name_shows_the_public_half_only() -> None:
    key = FleetingKey()
    assert repr(key) == f"FleetingKey({key.public})"
    assert len(key.public) >= 80  # the least that EC2 Instance Connect takes


def test_its_folder_is_ours_alone_and_short_enough_for_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with private_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    monkeypatch.setattr(tempfile, "tempdir", "/very" + "long" * 40)
    with private_folder() as folder:
        assert len(str(folder)) < 80


def test_ssh_lends_nothing_of_it_to_the_other_side() -> None:
    words = through_agent(["ssh", "-o", "IdentitiesOnly=yes", "--", "web-1"], "/run/x/agent")
    assert words.index("IdentitiesOnly=no") < words.index("IdentitiesOnly=yes")  # what is said first counts
    assert {"ForwardAgent=no", "ControlPath=none", "IdentityAgent=/run/x/agent"} <= set(words)
    # and asks for no passphrase of another key, and for no password
    assert {"IdentityFile=none", "PreferredAuthentications=publickey"} <= set(words)
