"""Nix's error messages: which derivation failed, how, and what a hash should have been.

The wording is Nix's own and changed over the years: up to 2.30 `builder for '…drv' failed with exit code 2`, since then
`Cannot build '…drv'. Reason: builder failed with exit code 2.` (nix: derivation-building-goal.cc, worker.cc).
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_REASON: Final = 200
_SEARCHED: Final = 8 * 2**10
"""Characters of one message that are looked at."""

_DRV = r"'(/[^'\s]*/[0-9a-z]{32}-[^'!^*\s]+\.drv)(?:[!^*][^']*)?'"
_ERROR = re.compile(r"(?:\s*error:\s*)+")


def _naming(*wordings: str) -> re.Pattern[str]:
    """Any of some wordings, with DRV where the derivation is named; the group that matched is its path."""
    return re.compile("|".join(wording.replace("DRV", _DRV) for wording in wordings))


_NAMED = _naming("DRV")
_DEPENDENCY = _naming(
    r"dependenc(?:y|ies) of derivation DRV failed",  # no \d+ before it: a megabyte of digits would be tried at each
    r"cannot build derivation DRV: \d+ dependenc",
    r"Cannot build DRV\.?\s+Reason: \d+ dependenc",
)
_SUMMARY = _naming(r"build of DRV(?:, '[^']*')* failed\s*\Z")
_FAILED = _naming(
    r"builder for DRV failed",
    r"fixed-output derivation DRV",
    r"build of DRV(?: on '[^']*')? failed",
    r"building of DRV[^\n]* timed out",
    r"required to build DRV",
    r"Cannot build DRV",
    r"derivation DRV (?:may not be deterministic|failed)",
    r"outputs (?:of|for) (?:the )?(?:derivation )?DRV failed",
    r"in build of DRV",
)
_REASON = re.compile(r"Reason: (.+?)\.?(?:\n|\Z)")
_FAILED_WITH = re.compile(r"failed (?:with|due to) ((?:exit code|signal) .+?)[;.]?(?:\n|\Z)")
_EXIT_CODE = re.compile(r"failed with exit code (\d{1,3})")
_TIMED_OUT = re.compile(r"timed out after \d+ seconds(?: of silence)?")
_WANTED = re.compile(r"^[ \t]*(?:specified|wanted|expected):\s+(\S+)", re.MULTILINE)
_GOT = re.compile(r"^[ \t]*got:\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Failure:
    """What one message says of one derivation. `sure` is false where the derivation is only named in it.

    `drv_path` is empty where none is named: 2.34 says of a build that took too long no more than that.
    """

    drv_path: str
    reason: str
    of_dependency: bool = False
    sure: bool = True
    exit_code: int | None = None
    wanted_hash: str | None = None
    got_hash: str | None = None


def is_error(text: str) -> bool:
    """Whether a message of level 0 is an error that may end the build: the level alone has other words as well."""
    return _ERROR.match(text) is not None


def failure_in(text: str) -> Failure | None:
    """What an error message, free of control sequences, says about a derivation, if it does."""
    text = text[:_SEARCHED]
    if match := _DEPENDENCY.search(text):
        return Failure(_named(match), "a dependency failed", of_dependency=True)
    if _SUMMARY.search(text):
        return None
    match = _FAILED.search(text)
    if match is None:
        named = _NAMED.search(text)
        return Failure(named[1] if named else "", _first_line(text), sure=False)
    code = _EXIT_CODE.search(text)
    wanted, got = _WANTED.search(text), _GOT.search(text)
    return Failure(
        _named(match),
        _reason(text),
        exit_code=int(code[1]) if code else None,
        wanted_hash=wanted[1][:MAX_REASON] if wanted else None,
        got_hash=got[1][:MAX_REASON] if got else None,
    )


def _named(match: re.Match[str]) -> str:
    return next(path for path in match.groups() if path)


def _reason(text: str) -> str:
    if "hash mismatch" in text:
        return "hash mismatch"
    for pattern in (_FAILED_WITH, _REASON):
        if match := pattern.search(text):
            return match[1].strip()[:MAX_REASON]
    if match := _TIMED_OUT.search(text):
        return match[0]
    return _first_line(text)


def _first_line(text: str) -> str:
    """The message's own first line, without `error:`, and with names instead of store paths."""
    line = _ERROR.sub("", text.strip(), count=1).partition("\n")[0][: 4 * MAX_REASON]
    return re.sub(r"/[^'\s]*/[0-9a-z]{32}-", "", line).strip()[:MAX_REASON]
