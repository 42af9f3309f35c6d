"""A TCP connection to a name or an address."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

_NEXT_ADDRESS_AFTER_S: Final = 0.25
"""RFC 8305's recommendation for hosts that have several, some of which may lead nowhere."""

Address = tuple[int, tuple[str, int] | tuple[str, int, int, int]]
"""A family, and what a socket of it connects to."""


async def connect(host: str, port: int, family: int, bind: str | None) -> socket.socket:
    """A connected socket to the first address that answers. Raises `OSError`: the first address's, if all fail."""
    addresses = await _look_up(host, port, family)
    attempts: set[asyncio.Task[socket.socket]] = set()
    failures: list[OSError] = []
    try:
        for position, address in enumerate(addresses):
            attempts.add(asyncio.create_task(_connect(address, bind)))
            is_last = position == len(addresses) - 1
            if winner := await _first(attempts, failures, None if is_last else _NEXT_ADDRESS_AFTER_S):
                return winner
    finally:
        await _give_up(attempts)
    raise failures[0]


async def _first(
    attempts: set[asyncio.Task[socket.socket]], failures: list[OSError], wait: float | None
) -> socket.socket | None:
    """The first socket that connects; `None` when time is up or all have failed so far."""
    deadline = None if wait is None else asyncio.get_running_loop().time() + wait
    while attempts:
        left = None if deadline is None else deadline - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait(attempts, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return None
        for attempt in done:
            attempts.discard(attempt)
            failure = attempt.exception()
            if failure is None:
                return attempt.result()
            if not isinstance(failure, OSError):
                raise failure
            failures.append(failure)
    return None


async def _give_up(attempts: set[asyncio.Task[socket.socket]]) -> None:
    for attempt in attempts:
        attempt.cancel()
    for result in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(result, socket.socket):
            result.close()


async def _connect(address: Address, bind: str | None) -> socket.socket:
    family, place = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if bind is not None:
            sock.bind((bind, 0))
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


async def _look_up(host: str, port: int, family: int) -> Sequence[Address]:
    """All addresses of a name.

    In a daemon thread of its own: name servers that do not answer hold a thread for half a minute, and those of the
    event loop are few, serve everybody, and are waited for at exit.
    """
    if (literal := _literal(host, port)) is not None:
        return [literal]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[Address]] = loop.create_future()

    def settle(addresses: Sequence[Address], error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def ask() -> None:
        addresses: Sequence[Address] = ()
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            addresses = [(each[0], each[4]) for each in found]  # type: ignore[misc]  # streams have no others
        except OSError as error:
            failure = error
        except UnicodeError as error:  # a label of more than 63 characters
            failure = socket.gaierror(socket.EAI_NONAME, str(error))
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=ask, name=f"looking up {host}", daemon=True).start()
    return await answer


def _literal(host: str, port: int) -> Address | None:
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    if version == 4:
        return socket.AF_INET, (host, port)
    address, _, scope = host.partition("%")
    return socket.AF_INET6, (address, port, 0, socket.if_nametoindex(scope) if scope else 0)
