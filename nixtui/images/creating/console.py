"""What an instance's console tells of its start: whether NixOS came up, which system it is, what stopped it.

systemd says what it reaches; the kernel's command line and stage 2 name the system where the console's log level lets
them; our own script in the user data names it where amazon-init runs it.
"""

import re
from dataclasses import dataclass

from nixtui.nix.process import clean_line

MARK = "nixtui boot check: running"
SCRIPT = f"""#!/bin/sh
cd -P /run/current-system && echo "{MARK} $PWD" > /dev/console
"""
"""Only what every shell has built in: amazon-init runs it with hardly a PATH."""

_PATH = r"(/nix/store/[0-9a-z]{32}-[0-9a-zA-Z+\-._?=]{1,211})"
_SYSTEMS = (
    re.compile(re.escape(MARK) + r" " + _PATH + r"(?:\s|$)"),
    re.compile(r"booting system configuration " + _PATH),
    re.compile(r"\binit=" + _PATH + r"/init\b"),
)
"""The most telling first: what runs, what stage 2 took, what the boot loader asked for."""

_UP = re.compile(r"Reached target (?:multi-user\.target|(?:.*)?Multi-User System)")
_TROUBLES = (
    (re.compile(r"Kernel panic - not syncing: (.{0,120})"), "the kernel panicked: {}"),
    (re.compile(r"An error occurred in stage 1"), "stage 1 did not find or mount the root file system"),
    (re.compile(r"Timed out waiting for device (\S{0,120})"), "device {} never came"),
    (re.compile(r"You are in emergency mode|Give root password for maintenance"), "it ended in emergency mode"),
    (re.compile(r"grub rescue>|error: unknown filesystem"), "GRUB found nothing to start"),
    (re.compile(r"No bootable device|Boot Failed\. EFI"), "the firmware found nothing to start"),
)
_FAILED = re.compile(r"\[FAILED\] Failed to start (.{1,120}?)\.?$")
_MOST_FAILED = 10


@dataclass(frozen=True, slots=True)
class Console:
    """What was read. `failed` are services that did not start; `last` the last lines."""

    up: bool = False
    system: str | None = None
    trouble: str | None = None
    failed: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


def read_console(text: str) -> Console:
    """Read what GetConsoleOutput gave: at most 64 KiB, which may begin in the middle of a line."""
    lines = [clean_line(line.encode()) for line in re.split(r"[\r\n]+", text)]
    lines = [line for line in lines if line.strip()]
    whole = "\n".join(lines)
    system = next((found[1] for each in _SYSTEMS if (found := _last(each, whole))), None)
    trouble = None
    for pattern, words in _TROUBLES:
        if found := pattern.search(whole):
            trouble = words.format(*found.groups())
            break
    failed = dict.fromkeys(found[1] for line in lines if (found := _FAILED.search(line)))
    return Console(
        up=_UP.search(whole) is not None,
        system=system,
        trouble=trouble,
        failed=tuple(failed)[:_MOST_FAILED],
        last=tuple(lines[-12:]),
    )


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter([*pattern.finditer(text)][-1:]), None)
