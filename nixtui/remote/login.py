"""One attempt to log in: dial, check the host key, offer keys; what goes wrong becomes a `RemoteError`."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import asyncssh

from nixtui.remote import algorithms
from nixtui.remote.destination import Destination
from nixtui.remote.host_keys import HostKeyCheck
from nixtui.remote.identities import Offer
from nixtui.remote.limit import Limit
from nixtui.remote.output import clean
from nixtui.remote.wire import Command, Direct, Through

KEEPALIVES_MISSED: Final = 3
MAX_BANNER: Final = 500


class Stage(StrEnum):
    """How far a login came; the words complete the sentence "timed out …"."""

    DIALLING = "connecting"
    GREETING = "waiting for its SSH greeting"
    KEY_EXCHANGE = "agreeing on keys"
    AUTHENTICATION = "logging in"


class Login(asyncssh.SSHClient):
    """asyncssh's questions during a login, and its news of the connection afterwards."""

    def __init__(self, check: HostKeyCheck, offer: Offer, lost: Callable[[Exception | None], None]) -> None:
        self._check = check
        self._offer = offer
        self._lost = lost
        self._connection: asyncssh.SSHClientConnection | None = None
        self._is_authenticating = False
        self._is_in = False
        self._release: Callable[[], None] | None = None
        self.limit: Limit | None = None
        self.dialler: Direct | Through | Command | None = None
        self.banner = ""

    @property
    def proxy_said(self) -> str:
        """What ProxyCommand wrote on standard error."""
        return self.dialler.said.decode(errors="replace") if isinstance(self.dialler, Command) else ""

    def when_lost(self, release: Callable[[], None] | None) -> None:
        """Also call `release` when the connection ends."""
        self._release = release

    @property
    def stage(self) -> Stage:
        """Where the login is."""
        if self._connection is None:
            return Stage.DIALLING
        if self._is_authenticating:
            return Stage.AUTHENTICATION
        greeted = self._connection.get_extra_info("server_version") is not None
        return Stage.KEY_EXCHANGE if greeted else Stage.GREETING

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """The carrier is there."""
        self._connection = conn

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Whether known_hosts has the key; asyncssh was given none, so that every key comes by here."""
        return self._check.trusts_key(key)

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Whether known_hosts has the authority."""
        return self._check.trusts_authority(key)

    def begin_auth(self, username: str) -> None:  # noqa: ARG002
        """The host is the right one."""
        self._is_authenticating = True

    def auth_banner_received(self, msg: str, lang: str) -> None:  # noqa: ARG002
        """Some hosts say here why they refuse."""
        self.banner = clean(self.banner + msg)[:MAX_BANNER]

    async def public_key_auth_requested(self) -> list[asyncssh.SSHKeyPair] | None:
        """The next key."""
        pair = await self._offer.next(self.limit)
        return None if pair is None else [pair]

    def auth_completed(self) -> None:
        """We are in."""
        self._is_in = True
        self._offer.accepted()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended, by us (`None`) or not; that of a failed login is nobody's loss."""
        if self._release is not None:
            self._release()
        if self._is_in:
            self._lost(exc)


async def log_in(
    destination: Destination,
    dialler: Direct | Through | Command,
    login: Login,
    check: HostKeyCheck,
    keepalive_interval: float,
) -> asyncssh.SSHClientConnection:
    """One attempt, without a limit of its own. Raises what asyncssh and the system raise."""
    login.dialler = dialler
    wanted = destination.algorithms
    return await asyncssh.connect(
        destination.host,
        destination.port,
        tunnel=dialler,
        config=None,
        username=destination.user,
        client_factory=lambda: login,
        known_hosts=([], [], check.revoked),
        host_key_alias=destination.host_key_alias,
        server_host_key_algs=check.algorithms,
        kex_algs=algorithms.kex(wanted.kex),
        encryption_algs=algorithms.ciphers(wanted.ciphers),
        mac_algs=algorithms.macs(wanted.macs),
        compression_algs=["zlib@openssh.com", "none"] if destination.compression else ["none"],
        client_keys=None,
        preferred_auth="publickey",
        agent_path=None,
        gss_host=None,
        x509_trusted_certs=None,
        x509_trusted_cert_paths=None,
        pkcs11_provider=None,
        login_timeout=0,
        keepalive_interval=keepalive_interval,
        keepalive_count_max=KEEPALIVES_MISSED,
        utf8_decode_errors="replace",
        encoding=None,
    )
