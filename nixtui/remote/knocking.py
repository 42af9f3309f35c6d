"""Whether a host answers and is who it should be, without a key of the operator's being shown to it."""

from dataclasses import replace

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.errors import AuthenticationFailed


async def knock(access: SshAccess, host: Host) -> None:
    """Connect as far as the host key. Raises a `RemoteError` where it does not come so far, or the key is not known."""
    destination = replace(await access.destination(host), identity_files=(), certificate_files=(), agent=None)
    try:
        connection = await access.connect(destination, lambda _: None, urgent=True)
    except AuthenticationFailed:
        return  # as it should be: the host is the right one, and nobody has been let in
    connection.close()
    await connection.wait_closed()
