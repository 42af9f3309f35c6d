"""A real OpenSSH server on a loopback port of its own, with its own configuration, host keys and authorized keys."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from nixtui.model.host import Host

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or "sshd"
USER = "root"


def keygen(path: Path, *, kind: str = "ed25519", passphrase: str = "", comment: str = "test") -> Path:
    """A new key pair at `path` and `path`.pub."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", comment, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Sshd:
    """A running server; `directory` holds its keys and configuration."""

    directory: Path
    port: int
    process: asyncio.subprocess.Process | None = None
    extra: list[str] = field(default_factory=list)

    @property
    def host_key(self) -> str:
        """The public host key, as in known_hosts: type and base64."""
        return " ".join((self.directory / "host_ed25519.pub").read_text().split()[:2])

    @property
    def known_hosts_line(self) -> str:
        """What a known_hosts file must have for this server."""
        return f"[127.0.0.1]:{self.port} {self.host_key}\n"

    def authorize(self, public_key: Path) -> None:
        """Let this key in, besides those already let in."""
        authorized = self.directory / "authorized_keys"
        before = authorized.read_text() if authorized.exists() else ""
        authorized.write_text(before + public_key.read_text())

    def host(self, name: str = "web-1", **changes: object) -> Host:
        """This server as the inventory would know it."""
        known = {"address": "127.0.0.1", "port": self.port, "user": USER}
        return Host(name=name, **{**known, **changes})

    async def start(self) -> None:
        """Start, and return when it listens."""
        config = self.directory / "sshd_config"
        config.write_text("\n".join(self._config()) + "\n")
        self.process = await asyncio.create_subprocess_exec(
            SSHD, "-D", "-e", "-f", str(config), stderr=(self.directory / "log").open("w"), stdin=subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while not self._listens():
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self.process is None or self.process.returncode is not None:
            return
        for child in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, 9)
        self.process.terminate()
        await self.process.wait()

    def children(self) -> list[int]:
        """The processes of the server's connections (children and grandchildren)."""
        assert self.process is not None
        return descendants(self.process.pid)

    def _listens(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def _config(self) -> list[str]:
        return [
            *self.extra,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.directory}/host_ed25519",
            f"AuthorizedKeysFile {self.directory}/authorized_keys",
            f"PidFile {self.directory}/pid",
            "StrictModes no",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "UsePAM no",
            "MaxStartups 1000",
            "MaxSessions 1000",
        ]


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, from /proc."""
    try:
        below = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return below + [deeper for child in below for deeper in descendants(child)]


@contextlib.asynccontextmanager
async def running_sshd(directory: Path, *extra: str) -> AsyncIterator[Sshd]:
    """A server with a new host key; `extra` lines of sshd_config win over its own."""
    directory.mkdir(parents=True, exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    keygen(directory / "host_ed25519")
    server = Sshd(directory, free_port(), extra=list(extra))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
