"""ssh_config files, read once and asked per host what `ssh HOST` would do.

asyncssh parses the files anew for every connection (shlex on every line: 20 s for 1,000 hosts and 1,000 lines);
here they are parsed once into blocks. Syntax and precedence are those of ssh_config(5); the tests hold the answers
against `ssh -G`. Not supported: `Match localnetwork` (never matches) and host name canonicalisation.
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ACCUMULATING: Final = frozenset({"identityfile", "certificatefile"})
"""Every matching block adds to these; of all others the first value counts."""

_RAW: Final = frozenset({"proxycommand"})
"""The rest of the line, as it stands."""

_EXEC_TIMEOUT_S: Final = 10
_MAX_INCLUDE_DEPTH: Final = 16
_SYSTEM_FOLDER: Final = Path("/etc/ssh")
_LINE: Final = re.compile(r'\s*"?(?P<keyword>[A-Za-z0-9]+)"?(?:\s*=\s*|\s+)(?P<rest>.*?)\s*$', re.DOTALL)


class SshConfigError(Exception):
    """An ssh_config file that cannot be understood: says file, line and what is wrong."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: the keyword in lower case, and its words (one for keywords that take the rest of the line)."""

    keyword: str
    words: tuple[str, ...]


@dataclass(slots=True)
class Asked:
    """What is being asked for, and the answers so far: the state that `Host` and `Match` look at."""

    host: str
    local_user: str
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    final: bool = False
    original: str = ""

    def first(self, keyword: str) -> str | None:
        """The first word of an answer."""
        return next(iter(self.values.get(keyword, ())), None)

    @property
    def user(self) -> str:
        """Who logs in, as far as is known."""
        return self.first("user") or self.local_user

    @property
    def hostname(self) -> str:
        """Where to, as far as is known."""
        return self.first("hostname") or self.host

    def take(self, setting: Setting) -> None:
        """Take a value in, if it is the first one or adds to the others."""
        keyword = setting.keyword
        if keyword in ACCUMULATING:
            self.values[keyword] = (*self.values.get(keyword, ()), *setting.words[:1])
        elif keyword in ("proxyjump", "proxycommand"):
            if "proxyjump" not in self.values and "proxycommand" not in self.values:
                self.values[keyword] = setting.words
        elif keyword not in self.values:
            words = setting.words
            if keyword == "hostname":
                words = (expand_tokens(words[0], {"h": self.host, "%": "%"}),)
            self.values[keyword] = words


@dataclass(frozen=True, slots=True)
class Patterns:
    """ssh's pattern list: `*`, `?` and `!`; a negated match wins over all others."""

    wanted: tuple[re.Pattern[str] | str, ...]
    unwanted: tuple[re.Pattern[str] | str, ...]

    @classmethod
    def parse(cls, words: Sequence[str]) -> "Patterns":
        """From the words of a `Host` line, or those between the commas of other lists."""
        return cls(
            tuple(_compile(word) for word in words if not word.startswith("!")),
            tuple(_compile(word[1:]) for word in words if word.startswith("!")),
        )

    def match(self, text: str) -> bool:
        """Whether `text` is one of the wanted and none of the unwanted."""
        return any(_matches(each, text) for each in self.wanted) and not any(
            _matches(each, text) for each in self.unwanted
        )


def _compile(pattern: str) -> re.Pattern[str] | str:
    if "*" not in pattern and "?" not in pattern:
        return pattern
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _matches(pattern: re.Pattern[str] | str, text: str) -> bool:
    return pattern == text if isinstance(pattern, str) else pattern.fullmatch(text) is not None


Condition = Callable[[Asked], bool]


@dataclass(frozen=True, slots=True)
class Block:
    """The lines after one `Host` or `Match`; an included file is a list of blocks in place of a line."""

    condition: Condition | None
    body: list["Setting | list[Block]"] = field(default_factory=list)


def _evaluate(blocks: Sequence[Block], asked: Asked) -> None:
    for block in blocks:
        if block.condition is None or block.condition(asked):
            for item in block.body:
                if isinstance(item, Setting):
                    asked.take(item)
                else:
                    _evaluate(item, asked)


class SshConfig:
    """The files of `paths` in order of precedence; those that do not exist are left out."""

    def __init__(self, paths: Sequence[Path], home: Path, local_user: str) -> None:
        self._paths = paths
        self._home = home
        self._local_user = local_user
        self._read: dict[Path, int] = {}
        self._wants_final_pass = False
        self.runs_commands = False
        self._blocks: list[Block] = []
        for path in paths:
            self._blocks.extend(self._parse(path, depth=0))

    @property
    def is_stale(self) -> bool:
        """Whether a file that was read has changed since, or one that was missing has come."""
        return any(_modified(path) != modified for path, modified in self._read.items())

    def lookup(self, host: str, user: str | None = None, port: int | None = None) -> Asked:
        """All values for `ssh host`, where `user` and `port` were given on the command line, so to speak."""
        asked = Asked(host, self._local_user, original=host)
        if user is not None:
            asked.values["user"] = (user,)
        if port is not None:
            asked.values["port"] = (str(port),)
        _evaluate(self._blocks, asked)
        if self._wants_final_pass:
            asked.host = asked.hostname
            asked.values["hostname"] = (asked.host,)
            asked.final = True
            _evaluate(self._blocks, asked)
        return asked

    def _parse(self, path: Path, depth: int) -> Iterator[Block]:
        self._read[path] = _modified(path)
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except (FileNotFoundError, PermissionError, NotADirectoryError):
            return
        block = Block(None)
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            setting = _setting(path, number, line)
            match setting.keyword:
                case "host":
                    yield block
                    block = Block(_host_condition(setting.words))
                case "match":
                    yield block
                    block = Block(self._match_condition(path, number, setting.words))
                case "include" if depth < _MAX_INCLUDE_DEPTH:
                    block.body.extend(list(self._parse(each, depth + 1)) for each in self._included(path, setting))
                case _:
                    block.body.append(setting)
        yield block

    def _included(self, path: Path, setting: Setting) -> Iterator[Path]:
        base = _SYSTEM_FOLDER if path.is_relative_to(_SYSTEM_FOLDER) else self._home / ".ssh"
        for word in setting.words:
            pattern = base / expand_home(word, self._home)
            yield from sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))

    def _match_condition(self, path: Path, number: int, words: Sequence[str]) -> Condition:
        criteria: list[Condition] = []
        rest = list(words)
        while rest:
            name, _, value = rest.pop(0).partition("=")
            negated, name = name.startswith("!"), name.removeprefix("!").lower()
            if name not in ("all", "canonical", "final") and not value:
                if not rest:
                    raise SshConfigError(path, number, f"Match {name} needs a value")
                value = rest.pop(0)
            criteria.append(_negate(self._criterion(path, number, name, value), negated))
        return lambda asked: all(criterion(asked) for criterion in criteria)

    def _criterion(self, path: Path, number: int, name: str, value: str) -> Condition:
        patterns = Patterns.parse(value.split(","))
        match name:
            case "all":
                return lambda _asked: True
            case "canonical" | "localnetwork":
                return lambda _asked: False
            case "final":
                self._wants_final_pass = True
                return lambda asked: asked.final
            case "host":
                return lambda asked: patterns.match(asked.hostname)
            case "originalhost":
                return lambda asked: patterns.match(asked.original)
            case "user":
                return lambda asked: patterns.match(asked.user)
            case "localuser":
                return lambda asked: patterns.match(asked.local_user)
            case "tagged":
                return lambda asked: patterns.match(asked.first("tag") or "")
            case "exec":
                self.runs_commands = True
                return lambda asked: _succeeds(expand_tokens(value, tokens(asked, self._home)))
            case _:
                raise SshConfigError(path, number, f"Match {name} is not known")


def expand_home(path: str, home: Path) -> Path:
    """`path` with `~` for the operator's home; of other users' homes the system knows."""
    if path == "~" or path.startswith("~/"):
        return home / path[2:]
    return Path(path).expanduser() if path.startswith("~") else Path(path)


def tokens(asked: Asked, home: Path) -> dict[str, str]:
    """ssh's percent tokens that mean something before a connection exists."""
    return {
        "%": "%",
        "d": str(home),
        "h": asked.hostname,
        "n": asked.original,
        "p": asked.first("port") or "22",
        "r": asked.user,
        "u": asked.local_user,
        "k": asked.first("hostkeyalias") or asked.original,
    }


def expand_tokens(text: str, values: Mapping[str, str]) -> str:
    """`text` with `%h` and so on replaced; an unknown one stays as it stands."""
    return re.sub("%(.)", lambda found: values.get(found[1], found[0]), text)


def _setting(path: Path, number: int, line: str) -> Setting:
    found = _LINE.match(line)
    if found is None:
        raise SshConfigError(path, number, f"{line.strip()!r} has no value")
    keyword, rest = found["keyword"].lower(), found["rest"]
    if keyword in _RAW:
        return Setting(keyword, (rest,))
    try:
        words = shlex.split(rest, comments=True)
    except ValueError as error:
        raise SshConfigError(path, number, str(error)) from error
    if not words:
        raise SshConfigError(path, number, f"{found['keyword']} has no value")
    return Setting(keyword, tuple(words))


def _host_condition(words: Sequence[str]) -> Condition:
    patterns = Patterns.parse(words)
    return lambda asked: patterns.match(asked.host)


def _negate(condition: Condition, negated: bool) -> Condition:
    return (lambda asked: not condition(asked)) if negated else condition


def _succeeds(command: str) -> bool:
    """Run `Match exec` as ssh does: by the shell, quietly."""
    try:
        done = subprocess.run(  # noqa: S602 - the operator's own ssh_config says so
            command,
            shell=True,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_EXEC_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
