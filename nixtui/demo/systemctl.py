"""`systemctl` and `systemd-run` as the stand-ins call them: words in, what they print and their exit status out."""

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nixtui.demo.bus import Answer
from nixtui.demo.host_log import ERROR, NOTICE
from nixtui.demo.shown import Shown
from nixtui.demo.systemd import Systemd
from nixtui.demo.unit import BadCommand, Transient, Unit

_WITH_VALUE: Final = {
    "-p": "property",
    "--property": "property",
    "-n": "lines",
    "--lines": "lines",
    "-s": "signal",
    "--signal": "signal",
    "-t": "type",
    "--type": "type",
    "--state": "state",
    "-o": "output",
    "--output": "output",
}
_GLOB: Final = frozenset("*?[")
_NOT_ACTIVE: Final = 3
_UNKNOWN: Final = 4
_NOT_LOADED: Final = 5


@dataclass(frozen=True, slots=True)
class _Request:
    """A command line: its verb, what it is about, and the options that have values."""

    verb: str
    names: Sequence[str]
    flags: frozenset[str]
    values: dict[str, list[str]]

    def number(self, option: str, default: int = 0) -> int:
        """The value of an option that counts something."""
        text = self.values.get(option, [str(default)])[-1]
        if not text.isdecimal():
            raise BadCommand(f"Failed to parse {option} '{text}'")
        return int(text)

    @classmethod
    def parse(cls, words: Sequence[str]) -> "_Request":
        plain: list[str] = []
        flags: set[str] = set()
        values: dict[str, list[str]] = {}
        rest = iter(words)
        for word in rest:
            name, has_value, value = word.partition("=")
            if word == "--":
                plain += rest
            elif name in _WITH_VALUE:
                values.setdefault(_WITH_VALUE[name], []).extend((value if has_value else next(rest, "")).split(","))
            elif word.startswith("-"):
                flags.add(word)
            else:
                plain.append(word)
        return cls(plain[0] if plain else "list-units", [_full(name) for name in plain[1:]], frozenset(flags), values)


class Systemctl:
    """Answers for one host. `reboot` makes it restart, a moment later."""

    def __init__(
        self,
        systemd: Systemd,
        reload: Callable[[], None],
        reboot: Callable[[], None],
        uptime: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._systemd = systemd
        self._reload = reload
        self._reboot = reboot
        self._shown = Shown(systemd, uptime)
        self._runs = 0

    async def answer(self, words: Sequence[str]) -> Answer:
        """The answer to a command line, its program's name first."""
        program, *rest = words
        try:
            if program == "logger":
                return self._log(rest)
            return self._run(rest) if program == "systemd-run" else await self._systemctl(_Request.parse(rest))
        except BadCommand as error:
            return Answer(1, err=str(error))

    async def _systemctl(self, asked: _Request) -> Answer:
        match asked.verb:
            case "list-units":
                return self._list(asked)
            case "show":
                return self._show(asked)
            case "status":
                return self._status(asked)
            case "is-active" | "is-failed":
                return self._is(asked)
            case "is-system-running":
                return Answer(int(self._systemd.state != "running"), self._systemd.state)
            case "start" | "restart" | "try-restart" | "reload" | "stop" | "reload-or-restart":
                return await self._change(asked)
            case "kill":
                return self._kill(asked)
            case "reset-failed":
                self._systemd.reset_failed()
            case "daemon-reload" | "daemon-reexec":
                self._reload()
            case "reboot":
                self._reboot()
            case "list-jobs":
                pass
            case other:
                raise BadCommand(f"Unknown command verb '{other}', says the demo's systemctl.")
        return Answer()

    # ------------------------------------------------------------ looking

    def _list(self, asked: _Request) -> Answer:
        states = frozenset(asked.values.get("state", ()))
        types = tuple(f".{each}" for each in asked.values.get("type", ()))
        units = self._systemd.matching(asked.names or ["*"])
        shown = [
            unit
            for unit in units
            if (states & unit.states if states else "--all" in asked.flags or unit.active != "inactive")
            and (not types or unit.name.endswith(types))
        ]
        cells = [(each.name, "loaded", each.active, each.sub) for each in shown]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return Answer(
            out="\n".join(
                " ".join([*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)), each.description])
                for row, each in zip(cells, shown, strict=True)
            )
        )

    def _show(self, asked: _Request) -> Answer:
        wanted = asked.values.get("property", ())
        if asked.names:
            blocks = [self._shown.properties(name) for name in self._expanded(asked.names)]
            if not blocks:
                return Answer()
        else:
            failed = sum(unit.is_failed for unit in self._systemd.units)
            blocks = [{"SystemState": self._systemd.state, "NFailedUnits": str(failed)}]
        bare = "--value" in asked.flags
        return Answer(out="\n\n".join("\n".join(_properties(block, wanted, bare=bare)) for block in blocks))

    def _status(self, asked: _Request) -> Answer:
        lines = asked.number("lines", 10)
        found = list(self._named(asked))
        blocks = ["\n".join(self._described(unit, lines)) for unit in found]
        missing = "".join(f"Unit {name} could not be found.\n" for name in asked.names if not self._systemd.unit(name))
        idle = any(unit.active != "active" for unit in found)
        return Answer(_UNKNOWN if missing else _NOT_ACTIVE if idle else 0, "\n\n".join(blocks), missing)

    def _described(self, unit: Unit, lines: int) -> Iterator[str]:
        mark = {"failed": "×", "active": "●"}.get(unit.active, "○")
        result = " (Result: exit-code)" if unit.is_failed else f" ({unit.sub})"
        since = datetime.fromtimestamp(unit.since, UTC)
        yield f"{mark} {unit.name} - {unit.description}"
        yield f"     Loaded: loaded (/etc/systemd/system/{unit.name}; enabled; preset: ignored)"
        yield f"     Active: {unit.active}{result} since {since:%a %Y-%m-%d %H:%M:%S} UTC"
        tail = self._systemd.log.tail(unit.name, lines)
        if tail:
            yield ""
            yield from tail

    def _is(self, asked: _Request) -> Answer:
        wanted = "failed" if asked.verb == "is-failed" else "active"
        states = [unit.active if (unit := self._systemd.unit(name)) else "inactive" for name in asked.names]
        out = "" if "--quiet" in asked.flags or "-q" in asked.flags else "\n".join(states)
        well = any(state == wanted for state in states) or (wanted == "active" and "reloading" in states)
        return Answer(0 if well else _NOT_ACTIVE, out)

    # ------------------------------------------------------------ changing

    async def _change(self, asked: _Request) -> Answer:
        said = ""
        status = 0
        for name in self._expanded(asked.names):
            if self._systemd.unit(name) is None:
                said += f"Failed to {asked.verb} {name}: Unit {name} not {_ABSENT[asked.verb == 'stop']}.\n"
                status = _NOT_LOADED
            elif not await self._change_one(asked.verb, name):
                said += f"Job for {name} failed because the control process exited with error code.\n"
                said += f'See "systemctl status {name}" and "journalctl -xeu {name}" for details.\n'
                status = 1
        return Answer(status, err=said)

    async def _change_one(self, verb: str, name: str) -> bool:
        if verb in ("stop", "restart"):
            await self._systemd.stop(name)
        if verb == "stop" or self._systemd.unit(name) is None:
            return True
        return await self._systemd.start(name)

    def _kill(self, asked: _Request) -> Answer:
        name = asked.values.get("signal", ["TERM"])[-1].removeprefix("SIG")
        number = asked.number("signal") if name.isdecimal() else getattr(signal, f"SIG{name}", None)
        if number is None:
            raise BadCommand(f"Failed to parse signal string {name}.")
        for unit in self._expanded(asked.names):
            self._systemd.kill(unit, number)
        return Answer()

    def _run(self, words: Sequence[str]) -> Answer:
        self._runs += 1
        transient = Transient.parse(words, self._runs)
        try:
            name = self._systemd.run(transient)
        except ValueError as error:
            return Answer(
                1,
                err=f"Failed to start transient service unit: Unit {error} was already loaded or has a fragment file.",
            )
        return Answer(err="" if transient.quiet else f"Running as unit: {name}")

    def _log(self, words: Sequence[str]) -> Answer:
        """`logger`, of util-linux: only root has it here."""
        asked = _Request.parse(["log", *words])
        identifier = asked.values.get("type", ["root"])[-1]
        priority = ERROR if any(each.endswith(".err") for each in asked.values.get("property", ())) else NOTICE
        message = " ".join(words[-1:])
        self._systemd.log.say(identifier, message, identifier=identifier, priority=priority, fields={"_UID": "0"})
        return Answer()

    # ------------------------------------------------------------ names

    def _named(self, asked: _Request) -> Iterator[Unit]:
        for name in self._expanded(asked.names):
            unit = self._systemd.unit(name)
            if unit is not None:
                yield unit

    def _expanded(self, names: Sequence[str]) -> list[str]:
        """Patterns mean the loaded units that match, which may be none."""
        found: list[str] = []
        for name in names:
            matching = [unit.name for unit in self._systemd.matching([name])] if _GLOB & set(name) else [name]
            found += [each for each in matching if each not in found]
        return found


_ABSENT: Final = {True: "loaded", False: "found"}


def _full(name: str) -> str:
    """`nginx` is short for `nginx.service`."""
    return name if "." in name or _GLOB & set(name) else f"{name}.service"


def _properties(block: dict[str, str], wanted: Sequence[str], *, bare: bool) -> Iterator[str]:
    for key, value in block.items():
        if not wanted or key in wanted:
            yield value if bare else f"{key}={value}"
