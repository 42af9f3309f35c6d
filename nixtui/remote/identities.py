"""The operator's keys: which to offer to a host, in which order, and when to ask for a passphrase."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import asyncssh

from nixtui.remote.destination import DEFAULT_IDENTITIES, Destination
from nixtui.remote.key_file import KeyFile, LockedKeyPair
from nixtui.remote.limit import Limit
from nixtui.remote.prompter import Questions

_PASSPHRASE_ATTEMPTS: Final = 3
"""As many as ssh-add gives."""


class Identities:
    """All keys of the operator, read once for the whole fleet, and the agents that hold others."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._files: dict[Path, KeyFile] = {}
        self._agents: dict[str, asyncssh.SSHAgentClient] = {}
        self._reading = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._declined: set[Path] = set()
        self.favourite: bytes | None = None
        """The public key that a host took last: most fleets take one key everywhere, so it goes first."""

    async def key_files(self, destination: Destination) -> list[KeyFile]:
        """The identity files of a destination, those that exist."""
        async with self._reading:
            for path in destination.identity_files:
                if path not in self._files:
                    file = self._files[path] = await asyncio.to_thread(KeyFile.read, path)
                    for certificates in destination.certificate_files:
                        await asyncio.to_thread(file.add_certificates, certificates)
        return [self._files[path] for path in destination.identity_files if self._files[path].exists]

    def public_blob(self, path: Path) -> bytes | None:
        """The public key of an identity file that was read."""
        file = self._files.get(path)
        return file.public_blob if file else None

    def problems(self, destination: Destination) -> list[str]:
        """What is wrong with the identity files of a destination; that a default one is missing is nothing wrong."""
        read = [self._files[path] for path in destination.identity_files if path in self._files]
        told = [file for file in read if file.exists or file.path.name not in DEFAULT_IDENTITIES]
        return [file.problem for file in told if file.problem is not None]

    async def agent_keys(self, socket: str | None) -> list[asyncssh.SSHKeyPair]:
        """What the agent has now; nothing when there is none."""
        if socket is None:
            return []
        agent = self._agents.setdefault(socket, asyncssh.SSHAgentClient(socket))
        try:
            held = await agent.get_keys()
            return [AgentKey(agent, each.algorithm, each.public_data, each.get_comment_bytes() or b"") for each in held]
        except (OSError, ValueError):
            return []

    async def unlock(self, candidates: list[KeyFile]) -> bool:
        """Open one of the encrypted keys with the operator's help; false when nothing new could be opened.

        All hosts that need a key wait here while one of them asks, then find it open.
        """
        async with self._asking:
            if any(not file.is_locked for file in candidates):
                return True
            for file in candidates:
                if file.path not in self._declined and await self._ask(file):
                    return True
        return False

    def ask_again(self) -> None:
        """Forget which passphrases the operator did not want to give."""
        self._declined.clear()

    async def close(self) -> None:
        """Let go of the agents."""
        for agent in self._agents.values():
            agent.close()
            await agent.wait_closed()
        self._agents.clear()

    async def _ask(self, file: KeyFile) -> bool:
        question = f"Passphrase for {file.path}"
        for _ in range(_PASSPHRASE_ATTEMPTS):
            passphrase = await self._questions.secret(question)
            if passphrase is None:
                break
            if await file.unlock(passphrase):
                return True
            question = f"That was wrong. Passphrase for {file.path}"
        self._declined.add(file.path)
        return False


class AgentKey(asyncssh.SSHAgentKeyPair):
    """A key that an agent holds."""

    limit: Limit | None = None

    async def sign_async(self, data: bytes) -> bytes:
        """Have the agent sign: a security key waits for a touch."""
        with self.limit.paused() if self.limit is not None else nullcontext():
            return await super().sign_async(data)


class Offer:
    """The keys for one login, handed out one by one as the host refuses them."""

    def __init__(self, identities: Identities, destination: Destination) -> None:
        self._identities = identities
        self._destination = destination
        self._queue: list[asyncssh.SSHKeyPair] | None = None
        self._offered: list[asyncssh.SSHKeyPair] = []
        self._unprobed: list[KeyFile] = []

    async def next(self, limit: Limit | None) -> asyncssh.SSHKeyPair | None:
        """The next key to try; `limit` stands still while the agent waits for its owner's finger or consent."""
        if self._queue is None:
            self._queue = await self._gather()
        if not self._queue:
            return None
        pair = self._queue.pop(0)
        if isinstance(pair, AgentKey):
            pair.limit = limit
        self._offered.append(pair)
        return pair

    def accepted(self) -> None:
        """The host took the key that was handed out last."""
        if self._offered:
            self._identities.favourite = self._offered[-1].key_public_data

    @property
    def locked(self) -> list[KeyFile]:
        """Encrypted keys worth a passphrase: those the host would take, else those it could not be asked about."""
        wanted = [pair.file for pair in self._offered if isinstance(pair, LockedKeyPair) and pair.is_wanted]
        return wanted or self._unprobed

    @property
    def was_wanted(self) -> bool:
        """Whether the host asked for keys at all."""
        return self._queue is not None

    @property
    def problems(self) -> list[str]:
        """Why configured key files could not be offered."""
        return self._identities.problems(self._destination)

    def __str__(self) -> str:
        """What was offered, for messages."""
        of_agent = sum(isinstance(pair, AgentKey) for pair in self._offered)
        files = [str(path) for path in self._destination.identity_files if self._was_offered(path)]
        parts = files + ([f"{of_agent} key{'s' * (of_agent > 1)} of the agent"] if of_agent else [])
        return ", ".join(parts)

    def _was_offered(self, path: Path) -> bool:
        blob = self._identities.public_blob(path)
        return blob is not None and any(pair.key_public_data == blob for pair in self._offered)

    async def _gather(self) -> list[asyncssh.SSHKeyPair]:
        """ssh's order: the agent's keys that are configured, its other keys, keys only in files, locked keys."""
        files = await self._identities.key_files(self._destination)
        self._unprobed = [file for file in files if file.is_locked and file.public_blob is None]
        configured = {file.public_blob for file in files}
        held = await self._identities.agent_keys(self._destination.agent)
        named = [pair for pair in held if pair.key_public_data in configured]
        others = [] if self._destination.identities_only else [pair for pair in held if pair not in named]
        held_blobs = {pair.key_public_data for pair in held}
        from_files = [pair for file in files if file.public_blob not in held_blobs for pair in file.key_pairs()]
        pairs = named + others + sorted(from_files, key=lambda pair: isinstance(pair, LockedKeyPair))
        return sorted(pairs, key=lambda pair: pair.key_public_data != self._identities.favourite)
