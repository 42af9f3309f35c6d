"""A real OpenSSH server on a loopback port of its own, with its own configuration, host keys and authorized keys."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nixtui.model.host import Host

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or "sshd"
USER = os.environ.get("USER", "root")
START_LIMIT_S = 10


def keygen(path: Path, *, kind: str = "ed25519", passphrase: str = "", form: str = "RFC4716") -> Path:
    """A new key pair at `path` and `path`.pub; `form` RFC4716 is OpenSSH's own container, PEM and PKCS8 are others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-m", form, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def sign_key(authority: Path, public_key: Path, *options: str) -> None:
    """Have `authority` certify a key; the certificate is written beside it."""
    subprocess.run(["ssh-keygen", "-q", "-s", str(authority), "-I", "test", *options, str(public_key)], check=True)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def key_words(public_key: Path) -> str:
    """Type and base64 of a public key, as known_hosts has them."""
    return " ".join(public_key.read_text().split()[:2])


@dataclass
class Sshd:
    """A server; `directory` holds its keys and configuration, `extra` lines win over its own."""

    directory: Path
    port: int
    extra: list[str] = field(default_factory=list)
    host_keys: list[Path] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """The home of who logs in; login shells read their startup files there."""
        return self.directory / "home"

    @property
    def name(self) -> str:
        """What known_hosts calls it."""
        return f"[127.0.0.1]:{self.port}"

    @property
    def known_hosts(self) -> str:
        """The lines of a known_hosts file that has this server."""
        return "".join(f"{self.name} {key_words(key.with_name(key.name + '.pub'))}\n" for key in self.host_keys)

    def authorize(self, public_key: Path) -> None:
        """Let this key in, besides those already let in."""
        with (self.directory / "authorized_keys").open("a") as authorized:
            authorized.write(public_key.read_text())

    def host(self, name: str = "web-1", **changes: object) -> Host:
        """This server as the inventory would know it."""
        known: dict[str, object] = {"address": "127.0.0.1", "port": self.port, "user": USER}
        return Host(name=name, **{**known, **changes})  # type: ignore[arg-type]

    def start(self) -> None:
        """Start, and return when it listens."""
        config = self.directory / "sshd_config"
        config.write_text("\n".join(self._config()) + "\n")
        with (self.directory / "log").open("a") as log:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(config)], stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self.process is not None:
            self.drop_connections()
            self.process.terminate()
            self.process.wait()
            self.process = None

    def drop_connections(self) -> None:
        """Kill the processes that serve connections; the listener stays."""
        for child in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def children(self) -> list[int]:
        """The processes of the server's connections, and what runs in them."""
        return [] if self.process is None else descendants(self.process.pid)

    @property
    def log(self) -> str:
        """What the server said so far."""
        return (self.directory / "log").read_text()

    def _listens(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def _config(self) -> list[str]:
        return [
            *self.extra,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            *(f"HostKey {key}" for key in self.host_keys),
            f"AuthorizedKeysFile {self.directory}/authorized_keys",
            f"PidFile {self.directory}/pid",
            f"SetEnv HOME={self.home}",  # whatever a developer's own .bashrc does
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
    except (FileNotFoundError, ProcessLookupError):
        return []
    return below + [deeper for child in below for deeper in descendants(child)]


@contextlib.contextmanager
def running_sshd(directory: Path, *extra: str, kinds: tuple[str, ...] = ("ed25519",)) -> Iterator[Sshd]:
    """A server with new host keys of these kinds."""
    directory.mkdir(parents=True, exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    (directory / "home").mkdir()
    keys = [keygen(directory / f"host_{kind}", kind=kind) for kind in kinds]
    server = Sshd(directory, free_port(), list(extra), keys)
    server.start()
    try:
        yield server
    finally:
        server.stop()
