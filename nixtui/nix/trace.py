"""What an evaluation says when it fails: where the fault is, in what words, and the whole way down to it.

Until Nix 2.16 the message comes first and the way to it after; since then the last `error:` is the innermost. With
`--show-trace` both have thousands of lines for a NixOS system, of which a dozen matter (nix: libutil/error.cc).
"""

import re
from collections import deque
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from textwrap import dedent
from typing import Final

import msgspec

from nixtui.nix.errors import NixFailed

MAX_TRACE: Final = 20_000
"""Lines kept: half from the beginning, half from the end. At 500 characters each, 10 MB at worst."""

SHOWN: Final = 14
"""Lines that say what is wrong: the message, the place and five lines of its source."""

_ERROR = re.compile(r"\s*error: ?(.*)")
_AT = re.compile(r"\s*(?:at|@)\s+(?P<file>(?:/|«|<|\()[^\n]*?):(?P<line>\d{1,7}):(?P<column>\d{1,5})(?::|\s|$)")
_STEP = re.compile(r"\s*(?:…|\.\.\.) ")
_STORE_SOURCE = re.compile(r"/nix/store/[0-9a-z]{32}-[^/]*/(?=.)")
_HINT = re.compile(r"\s*\((?:use|stack trace truncated; use) '--show-trace'.*\)")
_WARNING = re.compile(r"\s*(?:warning|trace|copying|fetching|downloading|building|querying|evaluating)\b")


class Position(msgspec.Struct, frozen=True):
    """A place in a Nix file; a file of the flake itself is named from the flake's top."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class EvaluationFailed(NixFailed):
    """An evaluation ended with an error. `log` has the lines that matter, `trace` all, `position` the place."""

    def __init__(
        self,
        reason: str,
        remedy: str | None = None,
        *,
        log: tuple[str, ...] = (),
        trace: tuple[str, ...] = (),
        position: Position | None = None,
    ) -> None:
        super().__init__(reason, remedy, log)
        self.trace = trace
        self.position = position


class Transcript:
    """Collects what nix prints, line by line, however much it is: what matters is at one end or the other."""

    def __init__(self, clean: Callable[[bytes], str], most: int = MAX_TRACE) -> None:
        self._clean = clean
        self._half = most // 2
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=self._half)
        self._dropped = 0

    def take(self, line: bytes) -> bool:
        """One line; true, as `stream_nix` need not keep it as well."""
        if len(self._first) < self._half:
            self._first.append(self._clean(line))
        else:
            self._dropped += len(self._last) == self._half
            self._last.append(self._clean(line))
        return True

    @property
    def lines(self) -> tuple[str, ...]:
        """All that was kept."""
        gap = [f"… {self._dropped} lines left out …"] if self._dropped else []
        return (*self._first, *gap, *self._last)


def explain(status: int | None, said: Sequence[str]) -> EvaluationFailed:
    """The failure in what nix printed before it ended with that status."""
    trace = tuple(line for line in said if not _HINT.fullmatch(line))
    start = _innermost(trace)
    if start is None:
        last = next((line.strip() for line in reversed(trace) if line.strip()), None)
        reason = last or f"nix ended with status {status} and no word"
        return EvaluationFailed(reason, log=trace[-SHOWN:], trace=trace)
    message, rest = _message(trace[start:])
    position, place = _position(rest)
    shown = [f"error: {message[0] if message else ''}", *message[1:], *([""] if place else []), *place][:SHOWN]
    first = next((line.strip() for line in message if line.strip()), "nix gives no reason")
    reason, remedy = _plainly(first, "\n".join(message))
    log = tuple(dedent("\n".join(shown)).split("\n"))
    return EvaluationFailed(reason, remedy, log=log, trace=trace, position=position)


def nearest(name: str, names: Sequence[str]) -> str | None:
    """`did you mean …?` for a name that is not among `names`; `None` when nothing is like it."""
    near = get_close_matches(name, names, 3)
    return f"did you mean {' or '.join(near)}?" if near else None


def _innermost(trace: Sequence[str]) -> int | None:
    """Where the message that matters begins: the last `error:` that has words, warnings that quote one aside."""
    found = None
    for place, line in enumerate(trace):
        match = _ERROR.match(line)
        if match and (match[1].strip() or (place + 1 < len(trace) and not _STEP.match(trace[place + 1]))):
            found = place
    return found


def _message(lines: Sequence[str]) -> tuple[list[str], Sequence[str]]:
    """The words of the error up to its place or the way to it, and what follows them."""
    match = _ERROR.match(lines[0])
    assert match is not None
    words = [match[1]] if match[1].strip() else []
    for number, line in enumerate(lines[1:], start=1):
        if _AT.match(line) or _STEP.match(line) or _WARNING.match(line):
            return _trimmed(words), lines[number:]
        words.append(line.strip() if line.startswith("       ") else line)
    return _trimmed(words), ()


def _position(lines: Sequence[str]) -> tuple[Position | None, list[str]]:
    """The first place told before the way down begins, with its source lines; in old versions also that of a step."""
    for number, line in enumerate(lines):
        if match := _AT.match(line):
            file = _STORE_SOURCE.sub("", match["file"])
            position = Position(file, int(match["line"]), int(match["column"]))
            source = []
            for each in lines[number + 1 :]:
                if _STEP.match(each) or _AT.match(each) or _ERROR.match(each):
                    break
                source.append(each)
            return position, [f"at {position}", *_trimmed([each for each in source if each.strip()])]
    return None, []


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


_ATTRIBUTE = re.compile(r"flake '.*' does not provide attribute (.*)")
_PLAIN: Final = (
    (
        re.compile(r"could not find a flake\.nix file|.*does not contain a (?:'/)?flake\.nix'?.*"),
        "there is no flake.nix there",
        "name the flake in [fleet] flake, or run this where one is",
    ),
    (
        re.compile(r"(?:getting status of|opening file|path) '/nix/store/[^/]*/flake\.nix'.*(?:No such|not exist).*"),
        "flake.nix is not known to git",
        "git add flake.nix",
    ),
    (
        re.compile(r"[Pp]ath '(.*flake\.nix)' (?:in the repository .*|.*)is not tracked by Git\.?.*"),
        "flake.nix is not known to git",
        "git add flake.nix",
    ),
    (
        re.compile(r"cannot find flake '(?:flake:)?(.*)' in the flake registries"),
        "there is no flake {0} in the registries",
        "for a directory write ./{0}",
    ),
    (
        re.compile(r"getting status of '(.*)': No such file or directory"),
        "there is no {0}",
        "name the flake in [fleet] flake",
    ),
)


def _plainly(first: str, message: str) -> tuple[str, str | None]:
    """A sentence where Nix's own is for those who know how it works, and what to do."""
    first = " ".join(first.split())
    if match := _ATTRIBUTE.match(first):
        wanted = re.findall(r"'([^']*)'", match[1])
        named = wanted[-1] if wanted else match[1]
        meant = re.search(r"Did you mean (.*\?)", message)
        return f"the flake has no {named}", f"did you mean {meant[1]}" if meant else None
    for pattern, sentence, remedy in _PLAIN:
        if match := pattern.match(first):
            return sentence.format(*match.groups()), remedy.format(*match.groups())
    return first, None
