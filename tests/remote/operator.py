"""An operator of the lab: reaches its hosts as somebody, with a password if it takes one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.settings import ElevationMode, SshSettings
from nixtui.remote.ssh import SshTransport
from tests.lab.lab import Lab


class OnePassword:
    """Answers every question with the same password, or with none."""

    def __init__(self, password: str | None) -> None:
        self._password = password

    async def secret(self, question: str) -> str | None:
        return self._password


class Operator:
    """Connections of their own for every use, so that no test depends on another's."""

    def __init__(self, lab: Lab, *, user: str = "root", password: str | None = None, elevate: str = "none") -> None:
        settings = SshSettings(config_files=(str(lab.ssh_config),), elevate=ElevationMode(elevate), connect_timeout=5.0)
        self._access = SshAccess(settings, OnePassword(password))
        self._user = user

    @asynccontextmanager
    async def reach(self, host: Host) -> AsyncIterator[SshTransport]:
        named = Host(name=host.name, address=host.address, user=self._user)
        transport = SshTransport(named, self._access)
        await transport.connect()
        try:
            yield transport
        finally:
            await transport.close()
