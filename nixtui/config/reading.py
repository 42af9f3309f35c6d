"""From what tomllib gives to the structs of the schema, collecting every problem with its exact place.

`msgspec.convert` on the whole would stop at the first one and tell its place only in words; so the walk over tables is
done here, and single values are handed to it.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from nixtui.config.duration import Limit, Pause, parse_limit, parse_pause
from nixtui.config.lines import key_lines, line_of
from nixtui.config.problem import KeyPath, Problem, written
from nixtui.config.schema import HealthCommand, HttpCheck, Section
from nixtui.config.share import Share, parse_share
from nixtui.config.strings import (
    Address,
    Colour,
    FlakeReference,
    HostSelector,
    HubReference,
    ImageReference,
    InstanceType,
    LocalUrl,
    PullReference,
    Region,
    SecurityGroup,
    Subnet,
    User,
    parse_address,
    parse_colour,
    parse_flake,
    parse_host_selector,
    parse_hub,
    parse_image,
    parse_instance_type,
    parse_local_url,
    parse_pull,
    parse_region,
    parse_security_group,
    parse_subnet,
    parse_user,
)
from nixtui.config.value import BadValue, describe

_SectionT = TypeVar("_SectionT", bound=Section)


class _Unusable:
    """What a problem left no value for."""


UNUSABLE = _Unusable()


class Reader:
    """Reads the tables of one file; `problems` grows by what is wrong in them.

    `broken` has the top-level keys below which something is unusable, so that what is there instead is only a default.
    """

    def __init__(self, file: str, text: str) -> None:
        self.problems: list[Problem] = []
        self.broken: set[str | int] = set()
        self._file = file
        self._text = text

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        """Only looked for when something is wrong: with ten thousand hosts it takes as long as all the rest."""
        return key_lines(self._text)

    def report(self, path: KeyPath, reason: str, remedy: str | None = None, *, warning: bool = False) -> None:
        """Note that something is wrong at `path`."""
        line = line_of(self._lines, path)
        if not warning:
            self.broken.update(path[:1])
        self.problems.append(Problem(self._file, line, written(path) or None, reason, remedy, warning))

    def section(self, kind: type[_SectionT], value: object, path: KeyPath = ()) -> _SectionT | _Unusable:
        """The table at `path` as a `kind`; what is unusable in it has been reported and is left at its default."""
        if not isinstance(value, dict):
            self.report(path, f"expected {_kind_of_table(kind, path)}, got {describe(value)}")
            return UNUSABLE
        fields = _fields(kind)
        for key in (key for key in value if key not in fields):
            self.report((*path, key), "unknown key", _did_you_mean(key, fields))
        found = {
            name: self.value(field.type, value[name], (*path, name)) for name, field in fields.items() if name in value
        }
        usable = {name: each for name, each in found.items() if each is not UNUSABLE}
        missing = [name for name, field in fields.items() if field.required and name not in found]
        for name in missing:
            self.report((*path, name), "is missing", f'add {name} = "…"')
        if any(field.required and name not in usable for name, field in fields.items()):
            return UNUSABLE
        return kind(**usable)

    def value(self, kind: Any, value: object, path: KeyPath) -> Any:
        """The value at `path` as the schema's type `kind`, or `UNUSABLE`."""
        kind = inner_type(kind)
        if kind in _SHORTHANDS and isinstance(value, str):
            value = {_SHORTHANDS[kind]: value}
        if kind in _PARSERS:
            return self._parsed(_PARSERS[kind], value, path)
        if isinstance(kind, type) and issubclass(kind, Section):
            return self.section(kind, value, path)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._word(kind, value, path)
        if get_origin(kind) is tuple:
            return self._array(get_args(kind)[0], value, path)
        if get_origin(kind) is Mapping:
            return self._table(get_args(kind)[1], value, path)
        return self._plain(kind, value, path)

    def _array(self, kind: Any, value: object, path: KeyPath) -> Any:
        if not isinstance(value, list):
            remedy = f"write [{describe(value)}]" if isinstance(value, str) and len(value) < 40 else None
            self.report(path, f"expected an array, got {describe(value)}", remedy)
            return UNUSABLE
        found = tuple(self.value(kind, each, (*path, place)) for place, each in enumerate(value))
        return UNUSABLE if UNUSABLE in found else found

    def _table(self, kind: Any, value: object, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            self.report(path, f"expected a table, got {describe(value)}")
            return UNUSABLE
        found = {key: self.value(kind, each, (*path, key)) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not UNUSABLE}

    def _word(self, kind: type[Enum], value: object, path: KeyPath) -> Any:
        words = [str(each.value) for each in kind]
        if value in words:
            return kind(value)
        self.report(path, f"unknown value {describe(value)}", _did_you_mean(value, words))
        return UNUSABLE

    def _parsed(self, parse: Callable[[Any], object], value: object, path: KeyPath) -> Any:
        try:
            return parse(value)
        except BadValue as error:
            self.report(path, error.reason, error.remedy)
            return UNUSABLE

    def _plain(self, kind: Any, value: object, path: KeyPath) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            told = str(error).replace("`", "")
            wants_text = kind is str or get_args(kind)[:1] == (str,)
            remedy = "write it in quotes" if wants_text and isinstance(value, int | float) else None
            self.report(path, f"{told[:1].lower()}{told[1:]}", remedy)
            return UNUSABLE


def _kind_of_table(kind: type[Section], path: KeyPath) -> str:
    if kind in _SHORTHANDS:
        return "a string or a table"
    return f"a table, as in [{written(path)}]"


@cache
def _fields(kind: type[Section]) -> Mapping[str, FieldInfo]:
    """The fields of a section by name; finding out takes longer than reading a host."""
    return {field.name: field for field in msgspec.structs.fields(kind)}


def inner_type(kind: Any) -> Any:
    """The type that a value written in the file has: TOML knows no null, so `X | None` is an `X` there."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    return kind


def _did_you_mean(given: object, known: Iterable[str]) -> str:
    words = list(known)
    near = difflib.get_close_matches(given, words, n=1) if isinstance(given, str) else []
    return f'did you mean "{near[0]}"?' if near else f"possible are {', '.join(words)}"


_SHORTHANDS: Mapping[Any, str] = {HealthCommand: "command", HttpCheck: "url"}
"""A string in place of such a table stands for the table with just this key."""

_PARSERS: Mapping[Any, Callable[[Any], object]] = {
    Limit: parse_limit,
    Pause: parse_pause,
    Share: parse_share,
    Address: parse_address,
    User: parse_user,
    FlakeReference: parse_flake,
    HostSelector: parse_host_selector,
    LocalUrl: parse_local_url,
    PullReference: parse_pull,
    HubReference: parse_hub,
    Colour: parse_colour,
    Region: parse_region,
    ImageReference: parse_image,
    InstanceType: parse_instance_type,
    Subnet: parse_subnet,
    SecurityGroup: parse_security_group,
}
