"""The real `ssh`, told to go the way nixtui goes: same files, same keys, same host key policy."""

import asyncio
import os
import shlex
import shutil
import signal
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from nixtui.remote.destination import Destination
from nixtui.remote.settings import SshSettings

_ENDS_IN_S: Final = 5.0


class NoShell(Exception):
    """There is no `ssh` here; `remedy` says what works without it."""

    reason = "there is no ssh program on this machine's PATH"
    remedy = "install OpenSSH; x runs single commands without it"

    def __init__(self) -> None:
        super().__init__(f"{self.reason}; {self.remedy}")


def ssh_words(
    destination: Destination,
    hops: Sequence[Destination],
    settings: SshSettings,
    command: Sequence[str] = (),
    *,
    terminal: bool = False,
) -> list[str]:
    """The argument list of `ssh` for a destination behind these jump hosts, the nearest to us first.

    Jump hosts go into a ProxyCommand rather than `-J`: ssh gives its own `-J` processes neither the known_hosts files
    nor the strictness. Each word of `command` reaches the host as one word. With `terminal` it gets one there.
    """
    words = ["ssh", *(["-t"] if terminal and command else []), *_options(destination, settings)]
    if hops:
        *before, last = hops
        inner = [*ssh_words(last, before, settings)[:-2], "-W", _forward(destination), "--", last.asked]
        words += ["-o", f"ProxyCommand={shlex.join(inner).replace('%', '%%')}"]
    words += ["--", destination.asked]
    return [*words, shlex.join(command)] if command else words


def config_words(settings: SshSettings) -> list[str]:
    """What has ssh read another configuration than the operator's own, where nixtui does."""
    if settings.config_files and not settings.config_files[0].endswith(".ssh/config"):
        return ["-F", settings.config_files[0]]
    return []


def _options(destination: Destination, settings: SshSettings) -> list[str]:
    words = config_words(settings)
    options = {
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "UserKnownHostsFile": _listed([str(path) for path in destination.known_hosts]) or "none",
        "GlobalKnownHostsFile": "none",
        "ConnectTimeout": str(max(1, round(settings.connect_timeout))),
        "ServerAliveInterval": str(max(1, round(settings.keepalive_interval))),
    }
    if destination.host_key_alias is not None:
        options["HostKeyAlias"] = destination.host_key_alias
    if destination.identities_only:
        options["IdentitiesOnly"] = "yes"
    words += [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    if settings.identity_files:
        words += [word for path in destination.identity_files for word in ("-i", str(path))]
    return [*words, "-p", str(destination.port), "-l", destination.user]


def _listed(paths: Sequence[str]) -> str:
    """Several files in one option; ssh splits at blanks and expands percent signs."""
    escaped = (path.replace("%", "%%") for path in paths)
    return " ".join(f'"{path}"' if " " in path else path for path in escaped)


def _forward(destination: Destination) -> str:
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    return f"{host}:{destination.port}"


def find_ssh(environ: Mapping[str, str]) -> str:
    """Where `ssh` is. Raises `NoShell`."""
    found = shutil.which("ssh", path=environ.get("PATH", os.defpath))
    if found is None:
        raise NoShell
    return found


async def in_foreground(
    words: Sequence[str], environ: Mapping[str, str], *, its_signals: Sequence[signal.Signals] = (signal.SIGINT,)
) -> int:
    """Run a program on our own terminal and wait for it; its exit status, 128 + N for signal N.

    The event loop goes on: an armed host wants its signs of life while somebody looks around. Ctrl-C is the program's,
    and so are the other keys whose signals it wants to itself. Cancelled, it ends the program, and the terminal is as
    it was. Raises `NoShell` where it is an ssh that is not there, and `OSError`.
    """
    if words[0] == "ssh":
        find_ssh(environ)
    with _left_alone(its_signals), _terminal_as_it_was():
        process = await asyncio.create_subprocess_exec(*words, env=dict(environ))
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
    return status if status >= 0 else 128 - status


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_ENDS_IN_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def leave_screens() -> None:
    """Off what a program switched on whose link was cut: its screen, mouse, hidden cursor, pasting, colours, keypad.

    Nobody on the other side will. 1047 and not 1049, which would move the cursor of who is on no other screen.
    """
    with suppress(OSError):
        if os.isatty(1):
            os.write(1, b"\x1b[?1047l\x1b[?1000;1002;1003;1006l\x1b[?25h\x1b[?2004l\x1b[?1l\x1b>\x1b(B\x1b[0m\r\n")


@contextmanager
def _left_alone(signals: Sequence[signal.Signals]) -> Iterator[None]:
    """Let these signals be the program's. A handler and not SIG_IGN, which the program would inherit."""
    before = {}
    with suppress(ValueError):  # not the main thread, where Python handles no signals
        for each in signals:
            before[each] = signal.signal(each, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _terminal_as_it_was() -> Iterator[None]:
    """Whoever is ended in the middle leaves a terminal that shows nothing of what is typed."""
    try:
        before = termios.tcgetattr(0)
    except (termios.error, OSError):
        yield
        return
    try:
        yield
    finally:
        with suppress(termios.error, OSError):
            termios.tcsetattr(0, termios.TCSADRAIN, before)
