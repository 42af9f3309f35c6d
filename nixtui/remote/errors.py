"""What can go wrong between here and a host. Every error names the host and what to do next."""

from nixtui.model.status import HostState
from nixtui.remote.witness import HostKey, Testimony


class RemoteError(Exception):
    """Something between here and `host` failed: `reason` is one plain sentence, `remedy` the next step, if any.

    `state` is how the fleet view calls a host with this error.
    """

    state = HostState.UNREACHABLE

    def __init__(self, host: str, reason: str, remedy: str | None = None) -> None:
        super().__init__(f"{host}: {reason}" + (f"; {remedy}" if remedy else ""))
        self.host = host
        self.reason = reason
        self.remedy = remedy


class Unreachable(RemoteError):
    """No connection: refused, no route, name not found, timed out, or lost."""


class AuthenticationFailed(RemoteError):
    """The host answers but lets us not in."""

    state = HostState.AUTH_FAILED


class _HostKeyRefused(RemoteError):
    """`shown` is the key that the host showed, and `testimony` what a witness says about it."""

    shown: HostKey | None = None
    testimony: Testimony | None = None


class HostKeyUnknown(_HostKeyRefused):
    """No known_hosts file has a key of this host; the remedy shows the fingerprint and how to accept it."""

    state = HostState.HOST_KEY_UNKNOWN


class HostKeyChanged(_HostKeyRefused):
    """The host shows another key than known_hosts has, than its own console shows, or a revoked one. Nothing is sent
    to it.
    """

    state = HostState.HOST_KEY_CHANGED


class NoAnswer(RemoteError):
    """Connected, but the host did not answer within the time it was given."""

    state = HostState.DEGRADED


class BadAnswer(RemoteError):
    """The host answered with something else than was asked for: a banner, garbage, too much."""

    state = HostState.DEGRADED


class ElevationFailed(RemoteError):
    """sudo or run0 refused: a wrong or missing password, no such right, or no such program."""

    state = HostState.DEGRADED


class PathGone(RemoteError):
    """The store path that was asked about is not on the host: collected, or never copied there."""

    state = HostState.UP
