"""The demo's `nix`: says about the demo's flake, and does with its systems, what nixtui wants of a real nix.

It is run as a program (`python -I -S nix.py FOLDER ARGUMENT…`), so it imports nothing of nixtui's. `FOLDER/flake.json`
has what there is to evaluate and to build, `FOLDER/nix/store` what was built. It builds nothing: it tells the events
that Nix 2.34 tells of such a build (`--log-format internal-json -v`), at a pace that can be watched.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = "nix (Nix) 2.34.8"
EVALUATION_S = 0.6
TICK_S = 0.1
JOBS = 3
"""Builds at the same time, and downloads."""
BYTES_S = 60e6
LONGEST_TRANSFER_S = 4.0
"""A demo is no place to wait for a kernel's modules."""

COPY_PATH, REALISE, COPY_PATHS, BUILDS, BUILD, SUBSTITUTE = 100, 102, 103, 104, 105, 108
LOG_LINE, PHASE, PROGRESS, EXPECTED = 101, 104, 105, 106
RED, PLAIN = "\x1b[31;1m", "\x1b[0m"
FAILED_BUILD = 100
"""What nix ends with when a builder failed."""

_HOST = re.compile(r'nixosConfigurations\."?([^".]+)"?\.config\.system\.build\.toplevel')
_IMAGE = re.compile(r'nixosConfigurations\."?([^".]+)"?')
"""What is asked about a whole configuration is asked about its image."""

DISK_MIB = 32
"""As much of an image's disk is no hole: enough to see it being sent."""


class Refused(Exception):
    """What nix would say after `error:`."""


@dataclass
class Flake:
    """What is to be had: `hosts` by name, `derivations` by .drv path, `downloads` by path; the store beside it."""

    folder: Path
    hosts: dict[str, Any]
    derivations: dict[str, Any]
    sizes: dict[str, int]
    logs: dict[str, list[str]]
    pace: float
    """How long a second takes here."""

    @classmethod
    def load(cls, folder: Path) -> "Flake":
        """From the file that the demo wrote."""
        return cls(folder, **json.loads((folder / "flake.json").read_text(encoding="utf-8")))

    def at(self, path: str) -> Path:
        """Where a store path is."""
        return self.folder / path.lstrip("/")

    def has(self, path: str) -> bool:
        """Whether it was built, or fetched, or evaluated."""
        return self.at(path).exists()

    def put(self, path: str, text: str = "") -> None:
        """It is there from now on."""
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text, encoding="utf-8")

    def system(self, path: str) -> Any:
        """What is known of a toplevel, or of the one in an image."""
        return next((each for each in self.hosts.values() if path in (each["out"], each["image"]["out"])), None)

    def image(self, path: str) -> Any:
        """What is known of an image."""
        return next((each["image"] for each in self.hosts.values() if each["image"]["out"] == path), None)

    def below(self, drv_paths: Iterable[str]) -> list[str]:
        """These derivations and all that they need, what is needed first."""
        found: dict[str, None] = {}

        def visit(drv_path: str) -> None:
            if drv_path not in found:
                for each in self.derivations[drv_path]["inputs"]:
                    visit(each)
                found[drv_path] = None

        for each in drv_paths:
            visit(each)
        return list(found)


class Stream:
    """The event stream on standard error."""

    def __init__(self) -> None:
        self._last = os.getpid() << 32

    def tell(self, action: str, **more: Any) -> None:
        """One event."""
        print("@nix " + json.dumps({"action": action, **more}, ensure_ascii=False), file=sys.stderr, flush=True)

    def say(self, text: str, level: int = 3) -> None:
        """A message; level 0 is an error."""
        self.tell("msg", level=level, msg=text)

    def start(self, kind: int, *fields: str | int, text: str = "", parent: int = 0) -> int:
        """An activity has begun; its number."""
        self._last += 1
        self.tell("start", id=self._last, level=3, parent=parent, text=text, type=kind, fields=list(fields))
        return self._last

    def result(self, activity: int, kind: int, *fields: str | int) -> None:
        """Something about an activity."""
        self.tell("result", id=activity, type=kind, fields=list(fields))

    def stop(self, activity: int) -> None:
        """It has ended."""
        self.tell("stop", id=activity)


class Lines(Stream):
    """The same for people: `--print-build-logs`, without a log format."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[int, str] = {}

    def tell(self, action: str, **more: Any) -> None:
        """What Nix prints of it."""
        if action == "msg":
            print(more["msg"], file=sys.stderr, flush=True)
        elif action == "start" and more["type"] == BUILD:
            self._names[more["id"]] = Path(more["fields"][0]).name.partition("-")[2].removesuffix(".drv")
            print(f"{more['text']}...", file=sys.stderr, flush=True)
        elif action == "result" and more["type"] == LOG_LINE:
            print(f"{self._names[more['id']]}> {more['fields'][0]}", file=sys.stderr, flush=True)


def transfer(stream: Stream, activity: int, size: int) -> Iterator[None]:
    """Bytes go by; each turn is a tick."""
    ticks = max(1, round(min(size / BYTES_S, LONGEST_TRANSFER_S) / TICK_S))
    for tick in range(1, ticks + 1):
        yield
        stream.result(activity, PROGRESS, size * tick // ticks, size, 0, 0)


@dataclass
class Work:
    """One `nix build`."""

    flake: Flake
    stream: Stream
    keep_going: bool
    builds: int = 0
    waiting: list[str] = field(default_factory=list)
    running: dict[str, Iterator[bool | None]] = field(default_factory=dict)
    built: int = 0
    failed: set[str] = field(default_factory=set)

    def build(self, drv_paths: list[str]) -> bool:
        """Build these; whether all went well."""
        flake, stream = self.flake, self.stream
        wanted = [each for each in flake.below(drv_paths) if not flake.has(flake.derivations[each]["out"])]
        tops = [flake.derivations[each]["out"] for each in drv_paths if each in wanted]
        fetched = list(dict.fromkeys(path for top in tops for path in flake.system(top)["downloads"]))
        fetched = [path for path in fetched if not flake.has(path)]
        self._announce(wanted, fetched)
        stream.start(REALISE)
        self.builds, copies = stream.start(BUILDS), stream.start(COPY_PATHS)
        fetching = [self._fetch(path) for path in fetched]
        done = 0
        self.waiting = wanted
        stream.result(self.builds, PROGRESS, 0, len(wanted), 0, 0)
        stream.result(copies, PROGRESS, 0, len(fetched), 0, 0)
        while (self.waiting or self.running or fetching) and (self.keep_going or not self.failed):
            before, total = len(fetching), len(fetched)
            fetching = [each for each in fetching[:JOBS] if next(each, True) is None] + fetching[JOBS:]
            if len(fetching) < before:
                done += before - len(fetching)
                stream.result(copies, PROGRESS, done, total, min(JOBS, len(fetching)), 0)
            self._go_on(len(wanted))
            time.sleep(TICK_S * flake.pace)
        return not self.failed

    def _announce(self, wanted: list[str], fetched: list[str]) -> None:
        if wanted:
            self.stream.say(f"these {len(wanted)} derivations will be built:")
            for each in wanted:
                self.stream.say(f"  {each}")
        if fetched:
            mib = sum(self.flake.sizes[each] for each in fetched) / 2**20
            self.stream.say(
                f"these {len(fetched)} paths will be fetched ({mib / 4:.1f} MiB download, {mib:.1f} MiB unpacked):"
            )
            for each in fetched:
                self.stream.say(f"  {each}")

    def _fetch(self, path: str) -> Iterator[None]:
        stream, cache = self.stream, "https://cache.nixos.org"
        outer = stream.start(SUBSTITUTE, path, cache)
        inner = stream.start(
            COPY_PATH, path, cache, "local", text=f"copying path '{path}' from '{cache}'", parent=outer
        )
        yield from transfer(stream, inner, self.flake.sizes[path])
        self.flake.put(path)
        stream.stop(inner)
        stream.stop(outer)

    def _go_on(self, total: int) -> None:
        """Begin what can begin, and let what runs run on."""
        flake = self.flake
        for drv_path in list(self.waiting):
            inputs = set(flake.derivations[drv_path]["inputs"])
            if inputs & self.failed:
                self._fail(drv_path, f"{len(inputs & self.failed)} dependency failed")
            elif len(self.running) < JOBS and all(flake.has(flake.derivations[each]["out"]) for each in inputs):
                self.waiting.remove(drv_path)
                self.running[drv_path] = self._run(drv_path)
        for drv_path, running in list(self.running.items()):
            if (well := next(running)) is None:
                continue
            del self.running[drv_path]
            if well:
                self.built += 1
            else:
                self._fail(drv_path, "builder failed with exit code 1")
        self.stream.result(self.builds, PROGRESS, self.built, total, len(self.running), len(self.failed))

    def _run(self, drv_path: str) -> Iterator[bool | None]:
        """Whether it went well, in the end."""
        stream, derivation = self.stream, self.flake.derivations[drv_path]
        activity = stream.start(BUILD, drv_path, "", 1, 1, text=f"building '{drv_path}'")
        tried = self.flake.folder / "tried" / Path(drv_path).name
        fails = derivation["fails"] if derivation["fails"] and not tried.exists() else []
        lines = [*self.flake.logs.get(derivation["name"], []), *fails]
        ticks = max(1, round(derivation["seconds"] / TICK_S))
        for tick in range(ticks):
            for line in lines[len(lines) * tick // ticks : len(lines) * (tick + 1) // ticks]:
                phase = line.removeprefix("phase ") if line.startswith("phase ") else None
                stream.result(activity, PHASE if phase else LOG_LINE, phase or line)
            yield None
        if not fails and (image := self.flake.image(derivation["out"])) is not None:
            write_image(self.flake.at(image["out"]), image)
        elif not fails:
            self.flake.put(derivation["out"])
        else:
            tried.parent.mkdir(exist_ok=True)
            tried.touch()
        stream.stop(activity)
        yield not fails

    def _fail(self, drv_path: str, reason: str) -> None:
        if drv_path in self.waiting:
            self.waiting.remove(drv_path)
        self.failed.add(drv_path)
        out = self.flake.derivations[drv_path]["out"]
        self.stream.say(
            f"{RED}error:{PLAIN} Cannot build '{drv_path}'.\n       Reason: {RED}{reason}{PLAIN}.\n"
            f"       Output paths:\n         {out}",
            0,
        )


def evaluate(flake: Flake, words: list[str]) -> None:
    """`eval --json … REF#ATTRIBUTE --apply FUNCTION`: the names of the outputs, or the derivation of a system."""
    reference = next(word for word in words if "#" in word and not word.startswith("-"))
    attribute = reference.partition("#")[2]
    time.sleep(EVALUATION_S * flake.pace)
    if attribute == '""':
        print(json.dumps({"configurations": sorted(flake.hosts), "deploy_nodes": [], "hive_nodes": []}))
        return
    match = _HOST.fullmatch(attribute)
    if (whole := _IMAGE.fullmatch(attribute)) and whole[1] in flake.hosts:
        print(json.dumps(flake.hosts[whole[1]]["image"]))
        return
    if match is None or match[1] not in flake.hosts:
        missing = match[1] if match else attribute
        raise Refused(f"flake 'git+file:///demo/infra' does not provide attribute '{missing}'")
    host = flake.hosts[match[1]]
    for drv_path in flake.below([host["drv"]]):
        flake.put(drv_path, aterm(flake.derivations[drv_path]))
    print(json.dumps({"drv": host["drv"], "out": host["out"]}))


def write_image(folder: Path, image: Any) -> None:
    """A disk that is mostly holes, and what nixpkgs says beside it."""
    (folder / "nix-support").mkdir(parents=True)
    disk = folder / "nixos.img"
    with disk.open("wb") as file:
        file.write(b"\xeb\x63\x90".ljust(510, b"\0") + b"\x55\xaa")  # a boot sector
        for mib in range(1, DISK_MIB):
            file.seek(mib << 20)
            file.write(os.urandom(1 << 20))
        file.truncate(image["mib"] << 20)
    told = {"boot_mode": "legacy-bios", "system": image["platform"], "label": image["label"], "file": str(disk)}
    (folder / "nix-support" / "image-info.json").write_text(json.dumps(told), encoding="utf-8")


def aterm(derivation: Any) -> str:
    """As Nix writes a .drv file, as far as anybody here reads it."""
    quoted = json.dumps
    inputs = ",".join(f'({quoted(each)},["out"])' for each in derivation["inputs"])
    environ = ",".join(f"({quoted(key)},{quoted(derivation['name'])})" for key in ("name", "pname"))
    return f'Derive([("out",{quoted(derivation["out"])},"","")],[{inputs}],[],"x86_64-linux","/bin/sh",[],[{environ}])'


def path_info(flake: Flake, words: list[str]) -> None:
    """`path-info --json [--recursive] PATH…`: of a system all that it needs, with sizes."""
    paths = [word for word in words if word.startswith("/nix/store/")]
    found: dict[str, Any] = {path: {"narSize": 0} if flake.has(path) else None for path in paths}
    if "--recursive" in words:
        system = flake.system(paths[0])
        if system is None or not flake.has(paths[0]):
            raise Refused(f"path '{paths[0]}' is not valid")
        found = {path: {"narSize": flake.sizes[path]} for path in system["closure"]}
    print(json.dumps(found))


def build(flake: Flake, words: list[str]) -> int:
    """`build DRV^*… --json`, or `build PATH --out-link LINK`."""
    if "--out-link" in words:
        link = Path(words[words.index("--out-link") + 1])
        new = link.with_name(f".{link.name}.{os.getpid()}")
        new.symlink_to(flake.at(words[0]))
        new.replace(link)
        return 0
    drvs = [word.removesuffix("^*") for word in words if word.startswith("/nix/store/")]
    if unknown := [each for each in drvs if each not in flake.derivations]:
        raise Refused(f"the demo's nix builds nothing but the demo's hosts, and {unknown[0]} is none of them")
    if "--dry-run" in words:
        for each in flake.below(drvs):
            if not flake.has(flake.derivations[each]["out"]):
                print(f"  {each}", file=sys.stderr)
        return 0
    stream = Stream() if "--log-format" in words else Lines()
    if not Work(flake, stream, "--keep-going" in words).build(drvs):
        return FAILED_BUILD
    outs = [flake.derivations[each]["out"] for each in drvs]
    outs = [str(flake.at(each)) if flake.image(each) else each for each in outs]  # an image is read, not only named
    print(json.dumps([{"drvPath": drv, "outputs": {"out": out}} for drv, out in zip(drvs, outs, strict=True)]))
    return 0


def copy(flake: Flake, words: list[str]) -> None:
    """`copy --to ssh://… SYSTEM`: the demo's own process puts it on the host that it is for."""
    path = next(word for word in words if word.startswith("/nix/store/"))
    system = flake.system(path)
    target = words[words.index("--to") + 1] if "--to" in words else ""
    if system is None or not target.startswith("ssh://"):
        raise Refused("the demo's nix copies systems of the demo's hosts to these hosts, and nothing else")
    stream = Stream()
    lacking = [each for each in system["closure"] if not os.path.lexists(system["root"] + each)]
    total = sum(flake.sizes[each] for each in lacking) or 1
    outer = stream.start(COPY_PATHS, text=f"copying {len(lacking)} paths...")
    for done, each in enumerate(lacking, 1):
        text = f"copying path '{each}' to '{target}'"
        inner = stream.start(COPY_PATH, each, "local", target, text=text, parent=outer)
        size = flake.sizes[each]
        seconds = min(total / BYTES_S, LONGEST_TRANSFER_S) * size / total
        for part in range(1, (ticks := max(1, round(seconds / TICK_S))) + 1):
            time.sleep(seconds / ticks * flake.pace)
            stream.result(inner, PROGRESS, size * part // ticks, size, 0, 0)
        if done == len(lacking):
            ask(flake.folder / "bus", "install", path)
        stream.stop(inner)
        stream.result(outer, PROGRESS, done, len(lacking), 0, 0)
    stream.stop(outer)


def ask(bus: Path, *words: str) -> None:
    """Have nixtui's own process do something (bus.py; bin/ask.sh is the same for programs of hosts)."""
    box = bus / f"box.{os.getpid()}"
    os.mkfifo(box)
    box.with_name(f"{box.name}.words").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    both = os.open(box, os.O_RDWR)  # a pipe that is opened for both directions waits for nobody
    with box.open("rb") as answers:
        private = os.open(bus / "private", os.O_WRONLY | os.O_NONBLOCK)
        os.write(private, f"{os.getpid()}\n".encode())
        os.close(private)
        for line in answers:
            word, _, rest = line.decode().strip().partition(" ")
            if word == "here":
                os.close(both)
            elif word == "err":
                raise Refused(rest)
            elif word == "end":
                return
    raise Refused("the demo has ended")


def main(words: list[str]) -> int:
    """What a nix command line means here; its exit status."""
    flake = Flake.load(Path(words[0]))
    words = [word for word in words[1:] if word not in ("--extra-experimental-features", "nix-command flakes")]
    verb, *rest = words or [""]
    verbs: dict[str, Callable[[Flake, list[str]], int | None]] = {
        "eval": evaluate,
        "path-info": path_info,
        "build": build,
        "copy": copy,
    }
    if verb == "--version":
        print(VERSION)
        return 0
    try:
        if verb not in verbs:
            raise Refused(f"this is the nix of nixtui's demo, which knows no `nix {verb}`")
        return verbs[verb](flake, rest) or 0
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
