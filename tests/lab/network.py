"""The lab's wires: one bridge with the operator's address, and for every host a network namespace plugged into it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Final

from tests.lab.machine import LabError, run

#: Private, and in a range that neither container tools nor cloud networks choose by default.
DEFAULT_NETWORK: Final = "10.231.0.0/16"

#: Host h1 is .11, so that .1 can be the operator and the rest of the low addresses is free for tests.
FIRST_HOST: Final = 10


def lab_subnet(number: int) -> IPv4Network:
    """The number-th lab's /24, out of NIXTUI_LAB_NETWORK (at least a /24)."""
    network = IPv4Network(os.environ.get("NIXTUI_LAB_NETWORK", DEFAULT_NETWORK))
    subnets = list(network.subnets(new_prefix=24)) if network.prefixlen < 24 else [network]
    return subnets[number % len(subnets)]


@dataclass(frozen=True, slots=True)
class Bridge:
    """The switch that a lab's hosts and the operator are plugged into."""

    number: int

    @property
    def name(self) -> str:
        return f"nxl{self.number}"

    @property
    def operator(self) -> IPv4Interface:
        subnet = lab_subnet(self.number)
        return IPv4Interface(f"{subnet[1]}/{subnet.prefixlen}")

    def create(self) -> None:
        if not _exists(self.name):
            run("ip", "link", "add", self.name, "type", "bridge")
        # Without a hardware address of its own a bridge has the lowest of its ports', and changes it with them: then
        # every host that is plugged in or out makes the others lose the operator for half a minute.
        run("ip", "link", "set", self.name, "address", _hardware_address(self.number, 0))
        run("ip", "address", "replace", str(self.operator), "dev", self.name)
        run("ip", "link", "set", self.name, "up")

    def destroy(self) -> None:
        """Remove the bridge, and every interface and namespace that carries its name."""
        for device in json.loads(run("ip", "-json", "link")):
            name = device["ifname"]
            if name == self.name or name.startswith(f"{self.name}h"):
                _delete_link(name)
        for line in run("ip", "netns", "list").splitlines():
            namespace = line.split()[0]
            if namespace.startswith(f"{self.name}-"):
                run("ip", "netns", "delete", namespace)


@dataclass(frozen=True, slots=True)
class Link:
    """A host's cable: a veth pair between the host's network namespace and the bridge.

    Everything is done at the outer end, so it holds whatever the host does to its own interface.
    """

    bridge: Bridge
    host: str
    index: int

    @property
    def namespace(self) -> str:
        return f"{self.bridge.name}-{self.host}"

    @property
    def outside(self) -> str:
        return f"{self.bridge.name}{self.host}"

    @property
    def interface(self) -> IPv4Interface:
        subnet = lab_subnet(self.bridge.number)
        return IPv4Interface(f"{subnet[FIRST_HOST + 1 + self.index]}/{subnet.prefixlen}")

    @property
    def address(self) -> str:
        return str(self.interface.ip)

    def plug(self) -> None:
        """A new cable in a new namespace, with nothing left of what was there before."""
        self.unplug()
        run("ip", "netns", "add", self.namespace)
        # A fixed hardware address, or the operator's machine would send to the old one for half a minute.
        hardware = _hardware_address(self.bridge.number, self.index + 1)
        inside = ["name", "eth0", "address", hardware, "netns", self.namespace]
        run("ip", "link", "add", self.outside, "type", "veth", "peer", *inside)
        run("ip", "link", "set", self.outside, "master", self.bridge.name, "up")

    def unplug(self) -> None:
        self._remove_wire()
        if _exists(self.outside):
            _delete_link(self.outside)
        if Path(f"/run/netns/{self.namespace}").exists():
            run("ip", "netns", "delete", self.namespace)

    def is_plugged(self) -> bool:
        return _exists(self.outside) and Path(f"/run/netns/{self.namespace}").exists()

    def down(self) -> None:
        run("ip", "link", "set", self.outside, "down")

    def up(self) -> None:
        run("ip", "link", "set", self.outside, "up")

    def impair(self, cgroup: Path, *, delay: float = 0.0, jitter: float = 0.0, loss: float = 0.0) -> None:
        """Delay every frame in both directions by `delay` ± `jitter` seconds and lose the fraction `loss` of them.

        A program of the lab's carries the frames (wire.py): not every kernel has netem. It runs in `cgroup`.
        """
        self.heal()
        near, far = self._wire_ends
        run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        # The machine must not answer for what only passes through.
        run("ip", "link", "set", self.outside, "nomaster", "arp", "off")
        run("ip", "link", "set", near, "arp", "off", "up")
        run("ip", "link", "set", far, "master", self.bridge.name, "up")
        for device in (self.outside, near):
            Path(f"/proc/sys/net/ipv6/conf/{device}/disable_ipv6").write_text("1")
        program = [sys.executable, str(Path(__file__).with_name("wire.py")), str(cgroup), self.outside, near]
        wire = subprocess.Popen(
            [*program, str(delay), str(jitter), str(loss)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert wire.stdout is not None
        if wire.stdout.readline() != b"ready\n":
            raise LabError(f"the wire of {self.host} did not start")

    def heal(self) -> None:
        """Take the impairment away; nothing happens when there is none."""
        if _exists(self._wire_ends[0]):
            self._remove_wire()
            run("ip", "link", "set", self.outside, "arp", "on", "master", self.bridge.name)

    @property
    def _wire_ends(self) -> tuple[str, str]:
        return f"{self.outside}n", f"{self.outside}f"

    def _remove_wire(self) -> None:
        # The program that reads from it ends when its interface is gone.
        if _exists(self._wire_ends[0]):
            _delete_link(self._wire_ends[0])


def _hardware_address(lab: int, member: int) -> str:
    """A locally administered address."""
    return f"02:6e:78:74:{lab:02x}:{member:02x}"


def _exists(device: str) -> bool:
    return Path("/sys/class/net", device).exists()


def _delete_link(device: str) -> None:
    # One end of a pair takes the other with it.
    if _exists(device):
        run("ip", "link", "delete", device)
