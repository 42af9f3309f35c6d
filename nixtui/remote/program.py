"""What goes over standard input to `sh -s` on a host."""

import shlex

from nixtui.remote.transport import Script


def program(script: Script, arguments: tuple[str, ...]) -> str:
    """The arguments as positional parameters, then the script.

    It is one compound command, so the shell reads all of it before it does anything: of a link that breaks half way
    nothing runs, and a command that reads standard input cannot eat the rest of the script.
    Raises `ValueError` for arguments that no shell can hold.
    """
    if any("\0" in argument for argument in arguments):
        raise ValueError(f"an argument of {script.name} has a NUL byte in it")
    parameters = "".join(f" {shlex.quote(argument)}" for argument in arguments)
    return f"set --{parameters}; {{\n{script.text}\nexit\n}}\n"


def marked(text: str, nonce: str) -> str:
    """A program that first says where its own output begins; in one line with the rest, so it says it when all came."""
    return f"echo {_mark(nonce)}; {text}"


def mark(nonce: str) -> bytes:
    """What comes before the output of a `marked` program."""
    return f"{_mark(nonce)}\n".encode()


def _mark(nonce: str) -> str:
    return f"nixtui-begin-{nonce}"
