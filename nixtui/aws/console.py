"""What an instance wrote on its console, as EC2 kept it: the host keys that it printed when it booted."""

import re
from collections.abc import Iterator

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session

BEGIN = "-----BEGIN SSH HOST KEY FINGERPRINTS-----"
END = "-----END SSH HOST KEY FINGERPRINTS-----"

_PREFIX = re.compile(
    r"(?:<\d{1,3}>)?(?:\[ *\d+\.\d+\] ?)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?"
    r"(?:[A-Za-z0-9._-]{1,64} )?(?:ec2|cloud-init|print-host-key|print-host-key-start)(?:\[\d+\])?: ?"
    r"|[A-Za-z0-9._-]{1,64} login: "
)
"""How logger(1), the kernel and journald begin the lines of who prints keys, and the prompt that waits on the line when
a unit of NixOS prints straight to the console. Any other program's lines are none, as sshd logs what strangers type."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")

_FINGERPRINT = re.compile(r"\d{3,5} (SHA256:[A-Za-z0-9+/]{43}) (?:.{0,300} )?\(([A-Za-z0-9-]{2,20})\)")
"""As `ssh-keygen -l` prints it. MD5, of before 2015, is no proof of anything."""

_MOST = 16


class PrintedKey(msgspec.Struct, frozen=True):
    """A host key on the console: its fingerprint (`SHA256:…`) and its kind as ssh-keygen calls it (`ED25519`)."""

    fingerprint: str
    kind: str


def printed_keys(console: str) -> tuple[PrintedKey, ...]:
    """The keys of the last whole list on a console: those of the boots before may have been made anew since."""
    last: tuple[PrintedKey, ...] = ()
    listed: list[PrintedKey] | None = None
    for text in _lines(console):
        if text == BEGIN:
            listed = []
        elif text == END:
            last, listed = tuple(listed or ()) or last, None
        elif listed is not None and len(listed) < _MOST and (found := _FINGERPRINT.fullmatch(text)):
            listed.append(PrintedKey(found[1], found[2].upper()))
    return last


def _lines(console: str) -> Iterator[str]:
    for line in console.splitlines():
        plain = _CONTROL.sub("", line)
        prefix = _PREFIX.match(plain)
        yield (plain[prefix.end() :] if prefix else plain).strip()


async def console_keys(session: Session, region: str, instance: str) -> tuple[PrintedKey, ...]:
    """The host keys that an instance printed; none where it did not, or where EC2 has its console not yet.

    The newest output (64 KiB) is there on Nitro only; what EC2 kept of the boot is there on all, minutes later.
    Raises `AwsError`.
    """
    for latest in (True, False):
        try:
            answer = await session.call("ec2", "GetConsoleOutput", region, InstanceId=instance, Latest=latest)
        except AwsError as error:
            if latest and error.kind is Kind.OTHER:
                continue
            raise
        if keys := printed_keys(str(answer.get("Output") or "")):
            return keys
    return ()
