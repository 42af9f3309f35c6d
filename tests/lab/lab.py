"""A lab: some hosts on a network of their own, brought up together and removed without a trace."""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
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
from tests.lab.systems import host_layer

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
        STATE.mkdir(parents=True, exist_ok=True)
        with _locked(f".{name}.lock"):
            bridge = _claim(name, owner)
            lab = cls._assemble(name, bridge, max(count, _recorded_count(name)), base)
            _record(name, len(lab.hosts))
            bridge.create()
            lab._start()
        forget_unused()
        return lab

    @classmethod
    def attach(cls, name: str = DEFAULT_NAME) -> "Lab":
        """A lab that is up already."""
        require_root()
        count = _recorded_count(name)
        if count == 0:
            raise LabError(f"the lab {name!r} is not up; start it with: tests/lab/lab --name {name} up 3")
        return cls._assemble(name, Bridge(_number(name)), count, base_image())

    @classmethod
    def _assemble(cls, name: str, bridge: Bridge, count: int, base: Path) -> "Lab":
        """The lab as objects; layers that are not in the cache are built, nothing is started."""
        folder = STATE / name
        access = Access(folder)

        def host(index: int) -> Host:
            host_name = f"h{index + 1}"
            link = Link(bridge, host_name, index)
            container = Container(
                name=host_name,
                folder=folder / host_name,
                cgroup=_cgroup(name) / host_name,
                netns=link.namespace,
                address=str(link.interface),
            )
            return Host(host_name, container, link, host_layer(host_name, index, base), base, access)

        with ThreadPoolExecutor() as pool:
            hosts = {each.name: each for each in pool.map(host, range(count))}
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
        self.access.folder.mkdir(parents=True, exist_ok=True)
        self.access.make_key()
        self.access.write(
            {
                host.name: (host.address, (host.layer.files / "etc/ssh/ssh_host_ed25519_key.pub").read_text().strip())
                for host in self.hosts.values()
            }
        )
        with ThreadPoolExecutor() as pool:
            list(pool.map(_reset_unless_healthy, self.hosts.values()))


def build(count: int) -> None:
    """Fill the cache with what h1…h`count` need, so that bringing them up is quick."""
    require_root()
    install_missing_programs()
    base = base_image()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda index: host_layer(f"h{index + 1}", index, base), range(count)))


def lab_names() -> list[str]:
    """Labs that are up, or were not taken down."""
    return sorted(path.parent.name for path in STATE.glob("*/lab.json"))


def take_down(name: str = DEFAULT_NAME) -> None:
    """Remove everything of a lab, also what a crash left of it; nothing happens when there is nothing."""
    require_root()
    folder = STATE / name
    if not folder.exists():
        return
    with _locked(f".{name}.lock"):
        cgroup = _cgroup(name)
        if cgroup.is_dir():
            (cgroup / "cgroup.kill").write_text("1")
            wait_for(lambda: "populated 0" in (cgroup / "cgroup.events").read_text(), 10, "the hosts' processes to end")
            remove_cgroup(cgroup)
        unmount_all(folder)
        with contextlib.suppress(FileNotFoundError):
            Bridge(_number(name)).destroy()
        shutil.rmtree(folder)
    with _locked(".lock"):
        if not lab_names():
            _unprepare_state()


def take_down_orphans() -> None:
    """Remove the labs whose owner has ended without doing it."""
    for name in lab_names():
        owner = json.loads((STATE / name / "lab.json").read_text())["owner"]
        if owner is not None and not Path(f"/proc/{owner}").exists():
            take_down(name)


def take_down_all() -> None:
    for name in lab_names():
        take_down(name)


def _reset_unless_healthy(host: Host) -> None:
    stamp = host.container.folder / "layer"
    made_of = f"{host.base}\n{host.layer.files}\n"
    if host.is_healthy() and stamp.exists() and stamp.read_text() == made_of:
        return
    host.reset()
    stamp.write_text(made_of)


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


def _cgroup(name: str) -> Path:
    """Every lab is one cgroup, its hosts are cgroups in it."""
    return _CGROUPS / name


def _claim(name: str, owner: int | None) -> Bridge:
    """This lab's number, the smallest that no other lab has when it is new; it decides bridge and subnet."""
    with _locked(".lock"):
        _prepare_state()
        file = STATE / name / "lab.json"
        if not file.exists():
            taken = {_number(other) for other in lab_names()}
            number = next(n for n in range(1, 256) if n not in taken)
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps({"number": number, "hosts": 0, "owner": owner}))
    return Bridge(_number(name))


def _record(name: str, hosts: int) -> None:
    file = STATE / name / "lab.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "hosts": hosts}))


def _number(name: str) -> int:
    return int(json.loads((STATE / name / "lab.json").read_text())["number"])


def _recorded_count(name: str) -> int:
    try:
        return int(json.loads((STATE / name / "lab.json").read_text())["hosts"])
    except FileNotFoundError:
        return 0


@contextmanager
def _locked(file_name: str) -> Iterator[None]:
    with Path(STATE, file_name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
