"""What happened on one host since a time: its profile's links, its journal's switches, boots and failed units."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from nixtui.model.generation import Generation
from nixtui.model.timeline import Activation, Boot, Ended, HostHistory, UnitEvent
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 90.0
"""Half a second on a host at rest; the script bounds each question to the journal at 20 s."""

_MARK: Final = "#nixtui-history"
_LONGEST_TEXT: Final = 256
_MOST_MOMENTS: Final = 2_000
"""Of each kind, whatever a host sends: the script sends a few hundred at most."""

# switch-to-configuration-ng, src/main.rs, and the Perl one before it: syslog identifier "nixos".
_SWITCH = re.compile(
    r"(?P<end>finished )?switching to system configuration (?P<path>/nix/store/[0-9a-zA-Z+\-._?=]{1,220})"
    r"(?: failed \(status (?P<status>[0-9]{1,3})\))?\Z"
)
# journalctl(1) --list-boots: "IDX BOOT-ID FIRST—LAST", since systemd 253 as columns under a line of titles.
_BOOT = re.compile(
    r"\s*(?P<index>[+-]?[0-9]+)\s+(?P<id>[0-9a-f]{32})\s+\w{3} (?P<first>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC"
)
_OUTLIVES: Final = 1_800.0
"""No activation is longer than half an hour: a beginning without an end that is older was cut off."""


async def history(transport: Transport, window: float) -> HostHistory:
    """What the host tells about its last `window` seconds, by its own clock. Raises a `RemoteError`."""
    script = load_script("history", "facts")
    completed = await transport.run(script, f"{max(0.0, window):.0f}", timeout=TIMEOUT_S)
    return parse_history(transport.host.name, completed)


@dataclass(slots=True)
class _Heard:
    """The script's answer, line by line."""

    single: dict[str, str] = field(default_factory=dict)
    links: list[dict[str, str]] = field(default_factory=list)
    ended: list[dict[str, str]] = field(default_factory=list)
    kernels: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)

    def take(self, key: str, value: str) -> None:
        match key:
            case "generation":
                self.links.append({"number": value})
            case "created_at" | "path" | "version" | "kernel" | "revision" if self.links:
                self.links[-1][key] = value
            case "ended":
                self.ended.append({"operation": value})
            case "ended_outcome" | "ended_at" | "ended_current" if self.ended:
                self.ended[-1][key] = value
            case "boot_kernel":
                boot, _, kernel = value.partition(" ")
                self.kernels[boot] = kernel
            case "activation" | "failure" | "recovery" | "boot" | "incomplete":
                self.lines.setdefault(key, []).append(value)
            case _:
                self.single[key] = value

    def entries(self, key: str) -> Iterator[tuple[float, Mapping[str, Any]]]:
        """The journal's entries under a key with their times; what is none is passed over."""
        for text in self.lines.get(key, ())[-_MOST_MOMENTS:]:
            try:
                entry = json.loads(text)
                yield int(entry["__REALTIME_TIMESTAMP"]) / 1e6, entry
            except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
                continue


def parse_history(host: str, completed: Completed) -> HostHistory:
    """The answer of `scripts/history.sh`. Raises `BadAnswer` when it is not one, or not all of one."""
    heard = _Heard()
    for key, value in _lines(host, completed):
        heard.take(key, value)
    clock, since = _number(heard.single.get("clock")), _number(heard.single.get("since"))
    if clock is None or since is None:
        raise BadAnswer(host, "gave an answer about its past that makes no sense")
    incomplete = [_bounded(each) for each in heard.lines.get("incomplete", ())[:8]]
    return HostHistory(
        since=since,
        clock=clock,
        current_system=heard.single.get("current"),
        switched_at=_number(heard.single.get("switched_at")),
        links=_links(heard),
        activations=tuple(_activations(heard)),
        boots=tuple(_boots(heard, clock)),
        units=tuple(_units(heard, since)),
        ended=tuple(_ended(heard)),
        incomplete=tuple(incomplete),
    )


def _lines(host: str, completed: Completed) -> Iterator[tuple[str, str]]:
    lines = iter(completed.stdout.split("\n"))
    for line in lines:
        if line == f"{_MARK} begin":
            break
    for line in lines:
        if line == f"{_MARK} end":
            return
        key, _, value = line.partition(" ")
        yield key, value
    why = completed.stderr.strip().splitlines()
    detail = f": {why[-1][:200]}" if why else ""
    raise BadAnswer(host, f"broke off while it told its past (exit status {completed.exit_status}){detail}")


def _number(text: str | None) -> float | None:
    """A time or a span that can be one: digits, up to the year 5000."""
    if text is None or not re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,9})?", text):
        return None
    return float(text)


def _bounded(text: str) -> str:
    return text[:_LONGEST_TEXT]


def _links(heard: _Heard) -> tuple[Generation, ...]:
    """Newest first. Generations that share a system are told its facts once."""
    facts = {link["path"]: link for link in heard.links if "path" in link and ("version" in link or "revision" in link)}
    found = []
    for link in heard.links[-_MOST_MOMENTS:]:
        path = link.get("path", "")
        if not re.fullmatch(r"[0-9]{1,9}", link["number"]) or not path.startswith("/nix/store/"):
            continue
        told = facts.get(path, {})
        found.append(
            Generation(
                number=int(link["number"]),
                created_at=_number(link.get("created_at")),
                path=path,
                nixos_version=told.get("version"),
                kernel=told.get("kernel"),
                configuration_revision=told.get("revision"),
                running=path == heard.single.get("current"),
            )
        )
    return tuple(sorted(found, key=lambda each: each.number, reverse=True))


def _activations(heard: _Heard) -> Iterator[Activation]:
    """Each from its first line to its last; of one that was cut off there is only the first."""
    begun: dict[str, float] = {}
    for at, entry in sorted(heard.entries("activation"), key=lambda each: each[0]):
        found = _SWITCH.match(_text(entry.get("MESSAGE")))
        if found is None:
            continue
        path, status = found["path"], found["status"]
        if found["end"] or status is not None:
            start = begun.pop(path, at)
            start = start if at - start <= _OUTLIVES else at
            yield Activation(path=path, at=start, ended_at=at, status=int(status or 0))
        else:
            if path in begun:
                yield Activation(path=path, at=begun[path])
            begun[path] = at
    for path, at in begun.items():
        yield Activation(path=path, at=at)


def _text(message: object) -> str:
    """journalctl gives text that is no UTF-8 as a list of numbers, and what is very long as null."""
    if isinstance(message, list):
        try:
            return bytes(message[:4096]).decode(errors="replace")
        except (ValueError, TypeError):
            return ""
    return message if isinstance(message, str) else ""


def _boots(heard: _Heard, clock: float) -> Iterator[Boot]:
    """In order. Of the oldest boot in a journal the beginning may be gone: there only the kernel's uptime tells."""
    listed = dict(_listed(heard))
    here = (heard.single.get("boot_id") or "").replace("-", "")
    known = dict(heard.kernels)
    if here and "kernel_running" in heard.single:
        known[here] = heard.single["kernel_running"]
    oldest = next(iter(listed), None)
    for boot, at in listed.items():
        if boot != oldest or boot != here:
            yield Boot(id=boot, at=at, kernel=known.get(boot), is_certain=boot != oldest)
    uptime = _number(heard.single.get("uptime"))
    if uptime is not None and here and (here == oldest or here not in listed):
        yield Boot(id=here, at=clock - uptime, kernel=known.get(here))


def _listed(heard: _Heard) -> list[tuple[str, float]]:
    text = "\n".join(heard.lines.get("boot", ()))
    if text.lstrip().startswith("["):
        return sorted(_listed_as_json(text), key=lambda each: each[1])
    matched = (_BOOT.match(each) for each in text.splitlines()[-_MOST_MOMENTS:])
    found = []
    for each in matched:
        if each is not None:
            try:
                moment = datetime.strptime(each["first"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
            except (ValueError, OverflowError):
                continue
            found.append((each["id"], moment))
    return sorted(found, key=lambda each: each[1])


def _listed_as_json(text: str) -> Iterator[tuple[str, float]]:
    """As `--list-boots -o json` has it, from systemd 253 on."""
    try:
        for each in json.loads(text):
            yield str(each["boot_id"]), int(each["first_entry"]) / 1e6
    except (ValueError, TypeError, KeyError, RecursionError):
        return


def _units(heard: _Heard, since: float) -> Iterator[UnitEvent]:
    for key, is_failure in (("failure", True), ("recovery", False)):
        for at, entry in heard.entries(key):
            unit = entry.get("UNIT")
            if isinstance(unit, str) and unit and at >= since:
                result = entry.get("UNIT_RESULT") or entry.get("JOB_RESULT")
                word = _bounded(result) if is_failure and isinstance(result, str) else None
                yield UnitEvent(unit=_bounded(unit), at=at, result=word, is_failure=is_failure)


def _ended(heard: _Heard) -> Iterator[Ended]:
    for each in heard.ended[:_MOST_MOMENTS]:
        at = _number(each.get("ended_at"))
        if at is not None and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", each["operation"]):
            yield Ended(
                operation=each["operation"],
                outcome=_bounded(each.get("ended_outcome", "unknown")),
                at=at,
                current=each.get("ended_current"),
            )
