"""What deploy-rs's `sshOpts` say that nixtui can use: the port."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TAKES_ARGUMENT = frozenset("BbcDEeFIiJLlmOoPpQRSWw")
"""The options of OpenSSH's ssh(1) that are followed by a word of their own."""

_PORT = re.compile(r"(?i:port)\s*[=\s]\s*([0-9]{1,5})")
_NUMBER = re.compile(r" ?[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class SshOptions:
    """The port, if one is given, and the options that were not understood."""

    port: int | None
    unused: tuple[str, ...]


def read_options(arguments: Sequence[str]) -> SshOptions:
    """The options as ssh would read them: of several ports the first counts (readconf.c keeps what is set)."""
    port: int | None = None
    unused: list[str] = []
    waiting = list(reversed(arguments))
    while waiting:
        option = waiting.pop()
        if option[:1] == "-" and option[1:] in _TAKES_ARGUMENT and waiting:
            option = f"{option} {waiting.pop()}"
        found = _port(option)
        if found is None:
            unused.append(option)
        elif port is None:
            port = found
    return SshOptions(port, tuple(unused))


def _port(option: str) -> int | None:
    match option[:2], option[2:]:
        case "-p", number if _NUMBER.fullmatch(number):
            return int(number)
        case "-o", setting if match := _PORT.fullmatch(setting.strip()):
            return int(match[1])
    return None
