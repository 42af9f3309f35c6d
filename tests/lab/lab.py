"""A lab: some hosts on a network of their own, brought up together and removed without a trace."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.lab.access import Access
from tests.lab.base import base_image
from tests.lab.cache import forget_unused
from tests.lab.container import Container, remove_cgroup, wait_for
from tests.lab.host import Host
from tests.lab.machine import (
    LabError,
    install_missing_programs,
    mounts_under,
    require_root,
    run,
    unmount_all,
)
from tests.lab.network import Bridge, Link
from tests.lab.systems import Layer, host_layer

STATE: Final = Path("/run/nixtui-lab")

#: In the machine's cgroup2 hierarchy, which the lab mounts itself, as not every machine has it mounted.
_CGROUPS: Final = STATE / ".cgroup" / "nixtui-lab"

#: The lab that the command line means when none is named.
DEFAULT_NAME: Final = "lab"


@dataclass(frozen=True, slots=True)
class Lab:
    """Hosts h1…hN by name. Several labs can be up at once, each with its own name, bridge and subnet."""

    name: str
    bridge: Bridge
    hosts: dict[str, Host]
    access: Access

    @classmethod
    def up(cls, count: int, name: str = DEFAULT_NAME, *, owner: int | None = None) -> "Lab":
        """Bring up h1…h`count`; hosts of this lab that are up and healthy stay as they are.

        With an `owner`, a process id, the lab counts as left over once that process has ended.
        """
        require_root()
        install_missing_programs()
        base = base_image()
        with _locked(f".{name}.lock"):
            record = _claim(name, owner)
            layers = _layers(max(count, len(record.layers)), base)
            record = replace(record, layers=[str(layer.folder) for layer in layers])
            _write_record(name, record)
            lab = cls._assemble(name, record.number, layers)
            lab._start()
        forget_unused()
        return lab

    @classmethod
    def attach(cls, name: str = DEFAULT_NAME) -> "Lab":
        """A lab that is up already, as it was brought up, whatever the recipes say by now."""
        require_root()
        record = _record(name)
        if record is None or not record.layers:
            raise LabError(f"the lab {name!r} is not up; start it with: tests/lab/lab --name {name} up 3")
        return cls._assemble(name, record.number, [Layer.load(Path(folder)) for folder in record.layers])

    @classmethod
    def _assemble(cls, name: str, number: int, layers: Sequence[Layer]) -> "Lab":
        """The lab as objects; nothing is started."""
        folder = STATE / name
        bridge = Bridge(number)
        access = Access(folder)
        hosts = {}
        for index, layer in enumerate(layers):
            host = f"h{index + 1}"
            link = Link(bridge, host, index)
            container = Container(
                name=host,
                folder=folder / host,
                cgroup=_CGROUPS / name / host,
                netns=link.namespace,
                address=str(link.interface),
            )
            hosts[host] = Host(host, container, link, layer, access)
        return cls(name, bridge, hosts, access)

    def __getitem__(self, host: str) -> Host:
        try:
            return self.hosts[host]
        except KeyError:
            raise LabError(f"the lab {self.name!r} has no host {host!r}, only {', '.join(self.hosts)}") from None

    @property
    def ssh_config(self) -> Path:
        return self.access.ssh_config

    @property
    def known_hosts(self) -> Path:
        return self.access.known_hosts

    @property
    def private_key(self) -> Path:
        return self.access.private_key

    def reset(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Host.reset, self.hosts.values()))

    def down(self) -> None:
        take_down(self.name)

    def _start(self) -> None:
        self.bridge.create()
        self.access.make_key()
        self.access.write({host.name: (host.address, host.layer.host_key) for host in self.hosts.values()})
        with ThreadPoolExecutor() as pool:
            list(pool.map(_reset_unless_healthy, self.hosts.values()))


def build(count: int) -> None:
    """Fill the cache with what h1…h`count` need, so that bringing them up is quick."""
    require_root()
    install_missing_programs()
    _layers(count, base_image())


def _layers(count: int, base: Path) -> list[Layer]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda index: host_layer(f"h{index + 1}", index, base), range(count)))


def lab_names() -> list[str]:
    """Labs that are up, or were not taken down."""
    return sorted(file.parent.name for file in STATE.glob("*/lab.json"))


def take_down(name: str = DEFAULT_NAME) -> None:
    """Remove everything of a lab, also what a crash left of it; nothing happens when there is nothing."""
    require_root()
    folder = STATE / name
    if not folder.exists():
        return
    with _locked(f".{name}.lock") as lock:
        _kill_all(_CGROUPS / name)
        unmount_all(folder)
        if record := _record(name):
            Bridge(record.number).destroy()
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink()
    with _locked(".lock"):
        if not lab_names():
            _unprepare_state()


def take_down_orphans() -> None:
    """Remove the labs whose owner has ended without doing it."""
    for name in lab_names():
        record = _record(name)
        if record and record.is_orphan():
            take_down(name)


def take_down_all() -> None:
    for name in lab_names():
        take_down(name)


def _kill_all(cgroup: Path) -> None:
    if cgroup.is_dir():
        (cgroup / "cgroup.kill").write_text("1")
        events = cgroup / "cgroup.events"
        wait_for(lambda: "populated 0" in events.read_text(), 10, "the end of the lab's processes")
        remove_cgroup(cgroup)


def _reset_unless_healthy(host: Host) -> None:
    if not host.is_healthy():
        host.reset()


# ---- the state directory -----------------------------------------------------------------------------------------


def _prepare_state() -> None:
    """A shared mount, so that unmounting here also unmounts in the namespaces of running supervisors."""
    if STATE not in mounts_under(STATE):
        run("mount", "--bind", STATE, STATE)
        run("mount", "--make-shared", STATE)
    hierarchy = STATE / ".cgroup"
    hierarchy.mkdir(exist_ok=True)
    if hierarchy not in mounts_under(STATE):
        run("mount", "-t", "cgroup2", "cgroup2", hierarchy)


def _unprepare_state() -> None:
    if _CGROUPS.is_dir():
        remove_cgroup(_CGROUPS)
    unmount_all(STATE)


@dataclass(frozen=True, slots=True)
class _Record:
    """What is remembered of a lab from its beginning, so that any later process can find all of it."""

    #: Decides the bridge and the subnet.
    number: int
    #: The folder of every host's layer, h1 first.
    layers: list[str] = field(default_factory=list)
    #: The process without which nobody needs the lab: its id, and its start, as ids are given out again.
    owner: int | None = None
    owner_started: str | None = None

    def is_orphan(self) -> bool:
        return self.owner is not None and _start_of(self.owner) != self.owner_started


def _start_of(pid: int) -> str | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None
    # The command's name in parentheses may have anything in it; the start is the twentieth field after it.
    return status.rpartition(")")[2].split()[19]


def _record(name: str) -> _Record | None:
    try:
        return _Record(**json.loads((STATE / name / "lab.json").read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def _write_record(name: str, record: _Record) -> None:
    file = STATE / name / "lab.json"
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(record)))
    new.replace(file)


def _claim(name: str, owner: int | None) -> _Record:
    """The lab's record; a new lab gets the smallest number that no other one has."""
    with _locked(".lock"):
        _prepare_state()
        record = _record(name)
        if record is None:
            taken = {record.number for other in lab_names() if (record := _record(other))}
            number = next(n for n in range(1, 256) if n not in taken)
            record = _Record(number, owner=owner, owner_started=None if owner is None else _start_of(owner))
            _write_record(name, record)
    return record


@contextmanager
def _locked(file_name: str) -> Iterator[Path]:
    """Hold a lock of the state directory; whoever holds it may remove its file."""
    STATE.mkdir(parents=True, exist_ok=True)
    file = STATE / file_name
    while True:
        with file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Somebody who held the lock before may have removed the file; then this lock keeps nobody out.
            if file.exists() and os.fstat(lock.fileno()).st_ino == file.stat().st_ino:
                yield file
                return
