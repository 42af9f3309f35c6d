"""An operator's machine: a home with keys, known_hosts and ssh_config, and somebody who answers questions."""

import asyncio
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.settings import SshSettings
from nixtui.remote.ssh import SshTransport
from tests.remote.sshd import USER, Sshd, keygen


class Answers:
    """A prompter that gives prepared answers and remembers the questions; a question too many is a failed test."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []
        self.most_at_once = 0
        self._open = 0

    async def secret(self, question: str) -> str | None:
        self.questions.append(question)
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        await asyncio.sleep(0)
        self._open -= 1
        assert self.answers, f"nobody expected to be asked: {question}"
        return self.answers.pop(0)


class Workstation:
    """`home` is the operator's; what is opened through it is closed with it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ssh = home / ".ssh"
        self.ssh.mkdir(parents=True)
        self.key = keygen(self.ssh / "id_ed25519")
        self.environ = {"HOME": str(home), "USER": USER, "PATH": "/usr/bin:/bin:/usr/sbin", "SHELL": "/bin/sh"}
        self.prompter = Answers()
        self._opened = AsyncExitStack()

    @property
    def public_key(self) -> Path:
        return self.key.with_name(self.key.name + ".pub")

    def trust(self, *servers: Sshd) -> None:
        """Add their host keys to known_hosts."""
        with (self.ssh / "known_hosts").open("a") as known:
            known.writelines(server.known_hosts for server in servers)

    def may_enter(self, *servers: Sshd) -> None:
        """Known there and here: what most tests start from."""
        self.trust(*servers)
        for server in servers:
            server.authorize(self.public_key)

    def configure(self, text: str) -> None:
        """Write ~/.ssh/config."""
        (self.ssh / "config").write_text(text)

    def access(self, **settings: object) -> SshAccess:
        """What all connections share; only this home's files count."""
        given: dict[str, object] = {"config_files": ("~/.ssh/config",), "connect_timeout": 5.0, **settings}
        access = SshAccess(
            SshSettings(**given),  # type: ignore[arg-type]
            self.prompter,
            environ=self.environ,
            random=Random(7),  # noqa: S311 - nonces that repeat are what a test wants
        )
        self._opened.push_async_callback(access.close)
        return access

    async def reach(self, host: Host, access: SshAccess | None = None, **settings: object) -> SshTransport:
        """A connected transport."""
        transport = SshTransport(host, access or self.access(**settings))
        await transport.connect()
        self._opened.push_async_callback(transport.close)
        return transport

    def start_agent(self, *keys: Path, confirm: bool = False) -> None:
        """An ssh-agent with these keys; SSH_AUTH_SOCK names it. With `confirm` it asks its owner before it signs."""
        socket = self.home / "agent"
        agent = subprocess.Popen(
            ["ssh-agent", "-D", "-a", str(socket)],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._opened.callback(agent.wait)
        self._opened.callback(agent.terminate)
        self.environ["SSH_AUTH_SOCK"] = str(socket)
        while not socket.exists():
            assert agent.poll() is None
        for key in keys:
            options = ["-c"] if confirm else []
            subprocess.run(
                ["ssh-add", "-q", *options, str(key)], env=self.environ, check=True, stderr=subprocess.DEVNULL
            )

    async def leave(self) -> None:
        """Close everything."""
        await self._opened.aclose()
