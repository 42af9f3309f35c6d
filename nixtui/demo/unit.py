"""What a demo host's service manager knows of a unit, and what it is told about a transient one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|h)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, None: 1.0, "min": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """`90s`, `1min 30s`, `200ms`, `2`."""
    return sum(float(number) * _SECONDS[unit or None] for number, unit in _SPAN.findall(text))


class BadCommand(Exception):
    """A command line that the stand-in does not understand."""


@dataclass(slots=True)
class Unit:
    """A unit that is loaded. `since` is when its state began (Unix seconds)."""

    name: str
    description: str
    active: str = "inactive"
    sub: str = "dead"
    since: float = 0.0

    @property
    def is_failed(self) -> bool:
        """Whether it needs somebody."""
        return self.active == "failed"

    @property
    def is_up(self) -> bool:
        """Whether starting it would do nothing."""
        return self.active in ("active", "activating", "reloading")

    @property
    def states(self) -> frozenset[str]:
        """What `--state` may ask for."""
        return frozenset(("loaded", self.active, self.sub))


@dataclass(frozen=True, slots=True)
class Transient:
    """What `systemd-run` was told: a service, and when a timer is to start it."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    on_active: float | None = None
    quiet: bool = False
    collect: bool = False

    @property
    def restarts(self) -> bool:
        """Whether it is started again when it fails."""
        return self.properties.get("Restart", "no") in ("on-failure", "always")

    def limit(self, name: str) -> float | None:
        """A property that is a time span, in seconds."""
        text = self.properties.get(name)
        return None if text is None else seconds(text)

    @classmethod
    def parse(cls, words: Sequence[str], number: int) -> Self:
        """`systemd-run`'s arguments; `number` makes a name where none is given. Raises `BadCommand`."""
        options: dict[str, list[str]] = {}
        rest = list(words)
        while rest and rest[0].startswith("-"):
            name, _, value = rest.pop(0).partition("=")
            if name == "--":
                break
            if name not in _OPTIONS:
                raise BadCommand(f"systemd-run: unrecognized option '{name}'")
            options.setdefault(name, []).append(value)
        if not rest:
            raise BadCommand("Command line to execute required.")
        name = options.get("--unit", [f"run-u{number}"])[-1].removesuffix(".service")
        return cls(
            name=name,
            command=rest,
            environ=dict(each.split("=", 1) for each in options.get("--setenv", ()) if "=" in each),
            properties=dict(each.split("=", 1) for each in options.get("--property", ()) if "=" in each),
            on_active=seconds(options["--on-active"][-1]) if "--on-active" in options else None,
            quiet="--quiet" in options,
            collect="--collect" in options,
        )


_OPTIONS: Final = frozenset(
    ("--unit", "--setenv", "--property", "--on-active", "--quiet", "--collect", "--timer-property", "--description")
)
