"""What a person without a `nixtui.toml` has already: a flake, hosts in ssh_config, names of AWS profiles.

Reads files and nothing else: no network, no process, and of the AWS files the names of sections only, never a value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from nixtui.config.paths import NoHome, local_path

_MAX_BYTES: Final = 2**20
_MAX_HOSTS: Final = 500
_MAX_DEPTH: Final = 8
_LINE: Final = re.compile(r'\s*"?(?P<keyword>[A-Za-z]+)"?(?:\s*=\s*|\s+)(?P<rest>.*?)\s*$')
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SECTION: Final = re.compile(r"\s*\[\s*(?:profile\s+)?[\"']?(?P<name>[^\]\"']+?)[\"']?\s*\]\s*$")
_PROFILE: Final = re.compile(r"[A-Za-z0-9][\w .:@/+-]{0,127}")
_NO_PROFILE: Final = ("sso-session ", "services ")
_FORGES: Final = frozenset(("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "git.sr.ht"))


@dataclass(frozen=True, slots=True)
class Found:
    """What is there. `flake` is the directory of the nearest `flake.nix`; names are in the order of their files."""

    cwd: Path
    flake: Path | None = None
    ssh_hosts: Sequence[str] = ()
    aws_profiles: Sequence[str] = ()


def look_around(cwd: Path, environ: Mapping[str, str]) -> Found:
    """What can be found from `cwd` (absolute) and in the home of `environ`. What cannot be read is not found."""
    flake = next((each for each in (cwd, *cwd.parents) if (each / "flake.nix").is_file()), None)
    return Found(cwd, flake, tuple(islice(_ssh_hosts(cwd, environ), _MAX_HOSTS)), tuple(_aws_profiles(environ)))


def _ssh_hosts(cwd: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """The names after `Host` that are names: no patterns, no forges, nobody whose user is `git`."""
    try:
        folder = local_path("~/.ssh", base=cwd, environ=environ)
    except NoHome:
        return
    block: list[str] = []
    seen: set[str] = set()
    for keyword, words in [*_lines(folder / "config", folder, 0), ("host", [])]:
        if keyword in ("host", "match"):
            yield from (name for name in block if name not in seen)
            seen.update(block)
            block = [word for word in words if _NAME.fullmatch(word)] if keyword == "host" else []
            block = [name for name in dict.fromkeys(block) if name not in _FORGES]
        elif (keyword == "user" and words == ["git"]) or (keyword == "hostname" and not _FORGES.isdisjoint(words)):
            block = []


def _lines(file: Path, folder: Path, depth: int) -> Iterator[tuple[str, list[str]]]:
    """Keywords in lower case with their words; included files in their place."""
    for line in _text(file).splitlines():
        if line.lstrip().startswith("#") or not (match := _LINE.match(line)):
            continue
        keyword, words = match["keyword"].lower(), match["rest"].replace('"', "").split()
        if keyword != "include":
            yield keyword, words
        elif depth < _MAX_DEPTH:
            for each in (found for word in words for found in _included(word, folder)):
                yield from _lines(each, folder, depth + 1)


def _included(word: str, folder: Path) -> Sequence[Path]:
    path = folder.parent / word[2:] if word.startswith("~/") else folder / word
    try:
        return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (OSError, ValueError, NotImplementedError):
        return ()


def _aws_profiles(environ: Mapping[str, str]) -> Iterator[str]:
    """The sections of both files, once each."""
    names: dict[str, None] = {}
    for variable, usual in (
        ("AWS_CONFIG_FILE", "~/.aws/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ):
        try:
            file = local_path(environ.get(variable) or usual, base=Path("/"), environ=environ)
        except NoHome:
            continue
        for line in _text(file).splitlines():
            match = _SECTION.match(line)
            if match and not match["name"].startswith(_NO_PROFILE) and _PROFILE.fullmatch(match["name"]):
                names[match["name"]] = None
    yield from names


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
