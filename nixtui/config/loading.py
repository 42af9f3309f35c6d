"""Loading `nixtui.toml`: the file as it is on disk becomes a `Configuration`, or everything wrong with it is told."""

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nixtui.config.discovery import find_configuration, shown_path
from nixtui.config.problem import BadConfiguration, Problem
from nixtui.config.reading import Reader
from nixtui.config.rules import check_rules
from nixtui.config.schema import (
    ActivationSection,
    Document,
    Ec2Section,
    FleetSection,
    HostSection,
    RolloutSection,
    SshSection,
    StackSection,
)
from nixtui.model.environment import Environment
from nixtui.model.naming import one_line
from nixtui.model.stack import fleet_name

_MAX_BYTES = 4 * 2**20
"""Ten thousand hosts with tags are 2 MB; what is larger is not a configuration."""

_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)\Z")


class Configuration(msgspec.Struct, frozen=True):
    """What applies: the sections of the file at `path`, defaults where it has none; `path` is `None` without a file.

    `directory` is what relative paths in it start from. `environments` are in the file's order: the first
    whose selector matches a host is the host's. `ec2` is `None` where no section asks for instances.
    """

    path: Path | None
    directory: Path
    document: Document
    warnings: tuple[Problem, ...] = ()

    @property
    def fleet(self) -> FleetSection:
        """`[fleet]`."""
        return self.document.fleet

    @property
    def hosts(self) -> Mapping[str, HostSection]:
        """`[hosts.*]` by name."""
        return self.document.hosts

    @property
    def ssh(self) -> SshSection:
        """`[ssh]`."""
        return self.document.ssh

    @property
    def ec2(self) -> Ec2Section | None:
        """`[ec2]`."""
        return self.document.ec2

    @property
    def stacks(self) -> Mapping[str, StackSection]:
        """`[stacks.*]` by name."""
        return self.document.stacks

    def has_in_stacks(self, names: Iterable[str]) -> bool:
        """Whether a declared stack has a host that the fleet calls one of these."""
        known = {fleet_name(name, host) for name, stack in self.stacks.items() for host in stack.hosts}
        return not known.isdisjoint(names)

    @property
    def activation(self) -> ActivationSection:
        """`[activation]`."""
        return self.document.activation

    @property
    def rollout(self) -> RolloutSection:
        """`[rollout]`."""
        return self.document.rollout

    @property
    def environments(self) -> tuple[Environment, ...]:
        """`[environments.*]` as the values that policies work with."""
        return tuple(
            Environment(
                name=name,
                match=section.match,
                confirm=section.confirm,
                read_only=section.read_only,
                allow_yes=section.allow_yes,
                ask_reason=section.ask_reason,
                colour=section.colour,
            )
            for name, section in self.document.environments.items()
        )


def load_configuration(cwd: Path, environ: Mapping[str, str], file: Path | None = None) -> Configuration:
    """The configuration in `file` (`--config`), else in the one that discovery finds, else all defaults.

    `cwd` is absolute. Raises `BadConfiguration` with every problem of the file.
    """
    path = cwd / file if file is not None else find_configuration(cwd, environ)
    if path is None:
        return Configuration(None, cwd, Document())
    shown = one_line(str(file) if file is not None else shown_path(path, cwd))
    document, warnings = parse_document(_read(path, shown), shown)
    return Configuration(path, path.parent, document, warnings)


def check_configuration(cwd: Path, environ: Mapping[str, str], file: Path | None = None) -> tuple[Problem, ...]:
    """Everything wrong or hardly meant in the file that would be loaded; only warnings mean that it can be used."""
    try:
        return load_configuration(cwd, environ, file).warnings
    except BadConfiguration as error:
        return error.problems


def parse_document(text: str, shown: str) -> tuple[Document, tuple[Problem, ...]]:
    """The sections in the text of a file that messages call `shown`, and warnings. Raises `BadConfiguration`."""
    text = text.replace("\r\n", "\n")
    reader = Reader(shown, text)
    document = reader.section(Document, _tables(text, shown))
    if isinstance(document, Document):
        check_rules(document, reader)
    problems = sorted(reader.problems, key=lambda each: each.line or 0)
    if not isinstance(document, Document) or not all(each.warning for each in problems):
        raise BadConfiguration(problems)
    return document, tuple(problems)


def _tables(text: str, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise BadConfiguration([Problem(shown, None, None, "is nested too deeply to be read")]) from error
    except ValueError as error:  # a TOMLDecodeError, or what int() says to thousands of digits
        raise BadConfiguration([_syntax_problem(error, text, shown)]) from error


def _syntax_problem(error: ValueError, text: str, shown: str) -> Problem:
    """The place is only in tomllib's message (before Python 3.14, which also has it as an attribute)."""
    told = str(error)
    position = _POSITION.search(told)
    if position is None:
        return Problem(shown, None, None, f"is not TOML: {told}")
    line = int(position["line"]) if position["line"] else text.rstrip().count("\n") + 1
    return Problem(shown, line, None, f"is not TOML: {told[: position.start()]}")


def _read(path: Path, shown: str) -> str:
    """The text of the file; a byte order mark, which Windows editors leave, is dropped."""
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            raise _unreadable(shown, "is a directory" if stat.S_ISDIR(mode) else "is not a regular file")
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(shown, f"cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise _unreadable(shown, f"is larger than {_MAX_BYTES // 2**20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadConfiguration([Problem(shown, line, None, "is not UTF-8", "save it in that encoding")]) from error


def _unreadable(shown: str, reason: str) -> BadConfiguration:
    return BadConfiguration([Problem(shown, None, None, reason)])
