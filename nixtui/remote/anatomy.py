"""What systems on a host are made of besides packages: kernel, units, specialisations, what only a boot takes up."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from nixtui.model.anatomy import Anatomy
from nixtui.model.store_path import require_store_path, short_name
from nixtui.remote.errors import BadAnswer, PathGone
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 60.0
MOST_UNITS: Final = 10_000
"""Units and drop-ins of one system that are kept; the script itself stops earlier, an honest host never comes near."""

_MARK: Final = "#nixtui-anatomy"


async def anatomies(transport: Transport, paths: Sequence[str]) -> list[Anatomy]:
    """These systems, in their order. Raises `PathGone`, another `RemoteError`, or `NotAStorePath`."""
    wanted = [require_store_path(path) for path in paths]
    completed = await transport.run(load_script("anatomy", "facts"), *wanted, timeout=TIMEOUT_S)
    return parse_anatomies(transport.host.name, wanted, completed)


def parse_anatomies(host: str, paths: Sequence[str], completed: Completed) -> list[Anatomy]:
    """The answer of `scripts/anatomy.sh`. Raises `PathGone`, or `BadAnswer` when it is not all of an answer."""
    lines = completed.stdout.split("\n")
    try:
        begin, end = lines.index(f"{_MARK} begin"), lines.index(f"{_MARK} end")
    except ValueError:
        said = completed.stderr.strip().splitlines()
        why = f": {said[-1][:200]}" if said else f" (exit status {completed.exit_status})"
        raise BadAnswer(host, f"broke off while it told what its systems are made of{why}") from None
    found: dict[str, list[tuple[str, str]]] = {}
    told: list[tuple[str, str]] = []
    for line in lines[begin + 1 : end]:
        key, _, value = line.partition(" ")
        if key == "system":
            told = found.setdefault(value, [])
        else:
            told.append((key, value))
    for path in paths:
        if path not in found:
            raise BadAnswer(host, f"did not tell what {short_name(path)} is made of")
        if ("gone", "yes") in found[path]:
            raise PathGone(host, f"{short_name(path)} is not in its store", "choose another generation")
    return [_anatomy(path, found[path]) for path in paths]


def _anatomy(path: str, told: Iterable[tuple[str, str]]) -> Anatomy:
    single: dict[str, str] = {}
    specialisations: list[str] = []
    parts: dict[str, str] = {}
    units: dict[str, list[str]] | None = None
    for key, value in told:
        match key:
            case "specialisation":
                specialisations.append(value)
            case "part":
                name, _, where = value.partition(" ")
                parts[name] = where
            case "units":
                units = {} if value == "listed" else None
            case "unit" if units is not None and len(units) < MOST_UNITS:
                _add_unit(units, value)
            case _:
                single[key] = value
    facts: dict[str, Any] = {"nixos_version": "version", "kernel": "kernel", "revision": "revision"}
    return Anatomy(
        path=path,
        specialisations=tuple(specialisations),
        parts=parts,
        units=None if units is None else {name: " ".join(sorted(prints)) for name, prints in units.items()},
        **{name: single.get(key) for name, key in facts.items()},
    )


def _add_unit(units: dict[str, list[str]], value: str) -> None:
    """A drop-in is part of its unit: `nginx.service.d/overrides.conf` changes `nginx.service`."""
    fingerprint = value.split(" ", 2)
    if len(fingerprint) == 3:
        crc, size, name = fingerprint
        unit, slash, drop_in = name.partition("/")
        units.setdefault(unit.removesuffix(".d") if slash else unit, []).append(f"{crc}:{size}:{drop_in}")
