"""Text from hosts, made harmless: decoded, freed of control sequences, and bounded."""

import re
from collections.abc import Callable

MAX_LINE_BYTES = 8 * 2**10
"""Longer lines are cut: nobody reads them on a screen, and a flood without a newline must not fill memory."""

CUT_MARK = "…[cut]"

_SAID_AT_MOST = 300

_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor movement
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC strings
    r"|\x9b[0-?]*[ -/]*[@-~]?"  # CSI as one C1 character
    r"|\x1b[ -/]*[0-~]?"  # the other escapes
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # C0 except tab, newline and carriage return; C1
    r"|[\u2028\u2029\u202a-\u202e\u2066-\u2069]"  # line separators to str.splitlines; what reorders text
)
_HARMLESS = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*")


def clean(text: str) -> str:
    """`text` without control sequences and control characters, except tab and newline.

    Of a progress line that was drawn over with carriage returns, the last state that shows something is kept.
    """
    if _HARMLESS.fullmatch(text):
        return text
    text = _CONTROL.sub("", text).replace("\r\n", "\n")
    if "\r" not in text:
        return text
    return "\n".join(map(_last_drawn, text.split("\n")))


def _last_drawn(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part), "")


def said(text: str) -> str:
    """Words of a host or a library, harmless and bounded, on one line."""
    return " ".join(clean(text).split())[:_SAID_AT_MOST]


class LineSplitter:
    """Cuts a stream of bytes into clean lines and hands each to `on_line`; holds one bounded line at most."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""
        self._overlong = False

    def feed(self, received: bytes) -> None:
        """Take in what came; every line that it completes is handed on."""
        *lines, rest = received.split(b"\n")
        for line in lines:
            self._append(line)
            self._flush()
        self._append(rest)

    def end(self) -> None:
        """No more will come: what has no newline is a line as well."""
        if self._rest:
            self._flush()

    def _append(self, piece: bytes) -> None:
        room = MAX_LINE_BYTES - len(self._rest)
        self._overlong |= len(piece) > room
        self._rest += piece[:room]

    def _flush(self) -> None:
        mark = CUT_MARK if self._overlong else ""
        line, self._rest, self._overlong = self._rest, b"", False
        self._on_line(clean(line.decode(errors="replace")) + mark)
