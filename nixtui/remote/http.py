"""Asking a host for a page through its SSH connection: as the host itself would, with nothing needed on it."""

import re
from urllib.parse import urlsplit

from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Transport

HEAD_BYTES = 4096
"""The status is in the first line; whoever sends more before it is no web server."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})\b")


async def http_status(transport: Transport, url: str, timeout: float) -> int:  # noqa: ASYNC109 - the host's own
    """The status that `url` (`http://…`) is answered with. Raises a `RemoteError` when there is none."""
    parts = urlsplit(url)
    address, port = parts.hostname or "localhost", parts.port or 80
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: nixtui\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    answer = await transport.exchange(address, port, request.encode("ascii"), HEAD_BYTES, timeout)
    found = _STATUS.match(answer)
    if found is None:
        raise BadAnswer(transport.host.name, f"{url} was not answered with HTTP")
    return int(found[1])
