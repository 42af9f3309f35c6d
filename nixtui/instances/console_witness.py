"""The console of an instance as witness of its host keys: it comes by the API of AWS and not over the network."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from nixtui.aws.console import PrintedKey, console_keys
from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.remote.witness import HostKey, Testimony

ASK_AGAIN_S: Final = 60.0
"""A console that has no keys yet, or could not be asked for: connections are tried again about as often."""

_KINDS: Final = {
    "ssh-ed25519": "ED25519",
    "ssh-rsa": "RSA",
    "ssh-dss": "DSA",
    "sk-ssh-ed25519@openssh.com": "ED25519-SK",
    "sk-ecdsa-sha2-nistp256@openssh.com": "ECDSA-SK",
}


class ConsoleWitness:
    """Asks EC2, by the login that has it, once for each instance, and again only where it had nothing to say."""

    def __init__(
        self, session_of: Callable[[Host], Awaitable[Session]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session_of = session_of
        self._clock = clock
        self._known: dict[InstanceId, tuple[float, tuple[PrintedKey, ...] | AwsError]] = {}

    async def testify(self, host: Host, key: HostKey) -> Testimony | None:
        """Whether the console of the instance shows the same key."""
        if host.instance is None:
            return None
        return judge(host.instance.identity, key, await self._keys(host, host.instance))

    async def _keys(self, host: Host, instance: InstanceId) -> tuple[PrintedKey, ...] | AwsError:
        asked_at, known = self._known.get(instance, (0.0, ()))
        if known and not isinstance(known, AwsError):
            return known
        if instance in self._known and self._clock() - asked_at < ASK_AGAIN_S:
            return known
        try:
            known = await console_keys(await self._session_of(host), instance.region, instance.identity)
        except AwsError as error:
            known = error
        self._known[instance] = (self._clock(), known)
        return known


def judge(instance: str, key: HostKey, printed: tuple[PrintedKey, ...] | AwsError) -> Testimony:
    """What the console says about a key, in words."""
    if isinstance(printed, AwsError):
        return Testimony(None, f"the console of {instance} could not be asked: {printed.reason}")
    if not printed:
        return Testimony(None, f"the console of {instance} shows no host keys (yet)")
    if any(each.fingerprint == key.fingerprint for each in printed):
        return Testimony(True, f"the console of {instance} says the same")
    kind = "ECDSA" if key.kind.startswith("ecdsa-") else _KINDS.get(key.kind)
    same_kind = [each.fingerprint for each in printed if each.kind == kind]
    if not same_kind:
        listed = ", ".join(sorted({each.kind for each in printed}))
        return Testimony(None, f"the console of {instance} shows keys of other kinds only ({listed})")
    return Testimony(
        False,
        f"THE CONSOLE OF {instance} SAYS OTHERWISE: {same_kind[0]}. Whoever answers at this address is not that "
        "instance, or its keys were made anew after it booted",
    )
