"""Where the demo's next systems come from: what its flake evaluates to, a `nix` that tells how they are built, and the
hands that put them on hosts.
"""

import asyncio
import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from nixtui.demo.bus import Answer, Bus
from nixtui.demo.history import History
from nixtui.demo.host import DemoHost
from nixtui.demo.store_path import store_path
from nixtui.demo.system import System, build_system, needs_of

FOLDER: Final = "operator"

_SECONDS: Final[Mapping[str, float]] = {
    "vector": 8.0,
    "varnish": 7.0,
    "shop-api": 6.0,
    "prometheus-node-exporter": 4.0,
    "system-path": 1.0,
    "etc": 0.5,
    "nixos-image-amazon": 4.0,
}
"""How long building something takes here; a whole system some ten seconds."""
_SHORTLY_S: Final = 0.2

IMAGE_MIB: Final = 2048
"""How large the disk of an image is. Nearly all of it are holes."""

_FAILS: Final[Mapping[str, list[str]]] = {
    "vector": [
        "test sources::journald::tests::survives_a_clock_that_jumps ... FAILED",
        "failures:",
        "---- sources::journald::tests::survives_a_clock_that_jumps stdout ----",
        "thread 'sources::journald::tests::survives_a_clock_that_jumps' panicked at src/sources/journald.rs:1410:9:",
        "assertion failed: elapsed < Duration::from_millis(250)",
        "test result: FAILED. 2118 passed; 1 failed; 37 ignored; finished in 1.94s",
    ]
}
"""What fails the first time somebody builds it, with its last words: a test that depends on the clock."""

_NIX: Final = """\
#!/bin/sh
# The demo's own nix: it knows the demo's hosts and nothing else.
exec {python} -I -S {program} {folder} "$@"
"""
_NO_JOBS: Final = "#!/bin/sh\n# The demo has no nix-eval-jobs, whatever there is besides.\nexit 1\n"


@dataclass(frozen=True, slots=True)
class _Next:
    """The system that the flake has for a host now, and how that comes to be."""

    system: System
    downloads: list[str]
    built: list[str]


class Workshop:
    """Made for the hosts of a demo, those that are switched off included (`None`). `pace` is how long a second is."""

    def __init__(
        self,
        directory: Path,
        history: History,
        hosts: Mapping[str, DemoHost | None],
        roles: Mapping[str, str],
        pace: float = 1.0,
    ) -> None:
        self._pace = pace
        self.folder = directory / FOLDER
        self._hosts = hosts
        last = {role: build_system(history, history.commits[-1], "", role, faults={}) for role in set(roles.values())}
        self._next = {name: _next(history, name, role, last[role], hosts[name]) for name, role in roles.items()}
        self._bus: Bus | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        """What makes nix the demo's: its program first on PATH (to go before the rest), and where its store is."""
        return {"PATH": str(self.folder / "bin"), "NIX_REMOTE": f"local?root={quote(str(self.folder))}"}

    def open(self, tasks: asyncio.TaskGroup) -> None:
        """Write all of it, and take requests from now on."""
        for name in ("bin", "bus", "nix/store"):
            (self.folder / name).mkdir(parents=True)
        text = _NIX.format(
            python=shlex.quote(sys.executable),
            program=shlex.quote(str(Path(__file__).with_name("nix.py"))),
            folder=shlex.quote(str(self.folder)),
        )
        for name, content in (("nix", text), ("nix-eval-jobs", _NO_JOBS)):
            program = self.folder / "bin" / name
            program.write_text(content, encoding="utf-8", errors="surrogateescape")
            program.chmod(0o755)
        (self.folder / "flake.json").write_text(json.dumps(self._flake()), encoding="utf-8")
        self._bus = Bus(self.folder / "bus", self._answer, tasks)
        self._bus.open()

    def close(self) -> None:
        """Take no more requests."""
        if self._bus is not None:
            self._bus.close()

    def _flake(self) -> Mapping[str, Any]:
        """As `nix.py` reads it."""
        derivations: dict[str, Any] = {}
        sizes: dict[str, int] = {}
        found = {}
        for name, each in self._next.items():
            system, host = each.system, self._hosts[name]
            sizes |= {path: kib * 1024 for path, kib in system.closure.items()}
            derivations |= _derivations(system, set(each.built))
            image = _image(system)
            derivations[image["drv"]] = _image_derivation(system, image)
            found[name] = {
                "image": image,
                "drv": _drv(system.path),
                "out": system.path,
                "closure": list(system.closure),
                "downloads": each.downloads,
                "root": str(host.root.directory) if host is not None else "",
            }
        return {"hosts": found, "derivations": derivations, "sizes": sizes, "logs": _logs(), "pace": self._pace}

    async def _answer(self, words: list[str]) -> Answer:
        """`install PATH`: on the host that this system is for."""
        match words:
            case ["install", path]:
                for name, each in self._next.items():
                    host = self._hosts[name]
                    if each.system.path == path and host is not None:
                        host.root.install(each.system)
                        return Answer()
        return Answer(1, err="there is no such system in the demo")


def _next(history: History, name: str, role: str, before: System, host: DemoHost | None) -> _Next:
    """At the commit that nobody deployed yet. What its builders make is what that commit changed in `before`, which
    every host of that role could have, and what is the host's own; the rest of what it lacks comes from a cache.
    """
    system = build_system(history, history.next, name, role, faults={})
    has = set(host.installation.generations[-1].system.closure) if host is not None else set(before.closure)
    built = [path for path in system.closure if path not in before.closure]
    downloads = [path for path in system.closure if path in before.closure.keys() - has and system.closure[path] > 100]
    return _Next(system, downloads, built)


def _drv(out: str) -> str:
    return store_path(f"{_title(out)}.drv", out)


def _title(path: str) -> str:
    return path.partition("-")[2]


def _derivations(system: System, built: set[str]) -> dict[str, Any]:
    """Those of a system that have to be built, by .drv path."""
    needs = needs_of(system)
    return {
        _drv(path): {
            "name": _name(path),
            "out": path,
            "inputs": [_drv(each) for each in needs.get(path, ()) if each in built],
            "seconds": _SECONDS.get(_name(path), _SHORTLY_S),
            "fails": _FAILS.get(_name(path), []),
        }
        for path in built
    }


def _image(system: System) -> Mapping[str, Any]:
    """The disk image of a system, as far as `nixtui.images.foreseeing` asks of it."""
    label = system.nixos_version
    out = store_path(f"nixos-image-amazon-{label}-x86_64-linux", system.path)
    return {
        "drv": _drv(out),
        "out": out,
        "platform": "x86_64-linux",
        "system": system.path,
        "label": label,
        "revision": system.revision,
        "mib": IMAGE_MIB,
        "efi": False,
    }


def _image_derivation(system: System, image: Mapping[str, Any]) -> Mapping[str, Any]:
    name = _name(image["out"])
    seconds = _SECONDS[name]
    return {"name": name, "out": image["out"], "inputs": [_drv(system.path)], "seconds": seconds, "fails": []}


def _name(path: str) -> str:
    """Without the version; of a toplevel without the host as well."""
    title = _title(path)
    for known in ("nixos-system", "nixos-image-amazon"):
        if title.startswith(f"{known}-"):
            return known
    name, _, version = title.rpartition("-")
    return name if name and version[:1].isdecimal() else title


def _logs() -> Mapping[str, list[str]]:
    """What builders print, by name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in files(__package__).joinpath("build_logs.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            lines.append(line)
    return found
