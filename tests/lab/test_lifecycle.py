"""Labs come up, stay up, and go without a trace, whoever forgot about them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import STATE, Lab, lab_names, take_down, take_down_orphans
from tests.lab.machine import LabError, mounts_under

pytestmark = pytest.mark.lab

HERE = Path(__file__).parent


@pytest.fixture
def name(as_root: None) -> Iterator[str]:
    name = f"lifecycle-{os.getpid()}"
    yield name
    take_down(name)


def lab(*words: str) -> subprocess.CompletedProcess[str]:
    """The lab's command line, as by hand."""
    return subprocess.run([HERE / "lab", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def traces(name: str, number: int) -> list[str]:
    links = [link["ifname"] for link in json.loads(subprocess.check_output(["ip", "-json", "link"]))]
    namespaces = subprocess.check_output(["ip", "netns"], text=True).split()
    return (
        [link for link in links if link == f"nxl{number}" or link.startswith(f"nxl{number}h")]
        + [namespace for namespace in namespaces if namespace.startswith(f"nxl{number}-")]
        + [str(mount) for mount in mounts_under(STATE / name)]
        + [str(path) for path in STATE.glob(f"*{name}*")]
        + [
            line
            for line in subprocess.check_output(["ps", "-e", "-o", "args="], text=True).splitlines()
            if name in line
        ]
    )


def test_a_lab_comes_up_is_reused_and_goes_without_a_trace(name: str) -> None:
    first = Lab.up(2, name)
    assert all(host.is_reachable() for host in first.hosts.values())
    boots = [host.boot_id() for host in first.hosts.values()]
    first["h2"].impair(delay=0.01)

    again = Lab.up(1, name)
    assert [host.boot_id() for host in again.hosts.values()] == boots

    again["h1"].power_cut()
    third = Lab.up(2, name)
    assert third["h1"].is_reachable()
    assert third["h2"].boot_id() == boots[1]

    third.down()
    assert traces(name, first.bridge.number) == []
    third.down()


def test_labs_do_not_disturb_each_other(name: str) -> None:
    one = Lab.up(1, name)
    other = Lab.up(1, f"{name}-b")
    try:
        assert one["h1"].address != other["h1"].address
        assert other["h1"].ssh("true").code == 0
    finally:
        other.down()
    assert one["h1"].ssh("true").code == 0


def test_what_a_killed_test_run_left_is_found_by_the_next_one(name: str) -> None:
    program = (
        "import os, signal\n"
        "from tests.lab.lab import Lab\n"
        f"lab = Lab.up(1, {name!r}, owner=os.getpid())\n"
        "print(lab.bridge.number, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=HERE.parent.parent, capture_output=True, text=True)
    assert name in lab_names(), told.stderr
    take_down_orphans()
    assert traces(name, int(told.stdout)) == []


def test_by_hand(name: str) -> None:
    up = lab("--name", name, "up", "1")
    assert up.returncode == 0, up.stderr
    assert "h1" in up.stdout
    assert lab("--name", name, "ssh", "h1", "hostname").stdout == "h1\n"
    assert lab("--name", name, "exec", "h1", "echo", "$((6 * 7))").stdout == "42\n"
    assert "unit-fails" in lab("--name", name, "systems", "h1").stdout
    assert lab("--name", name, "link", "h1", "down").returncode == 0
    assert "on  unreachable" in lab("list").stdout
    assert lab("--name", name, "reset", "h1").returncode == 0
    assert lab("--name", name, "ssh", "h1", "true").returncode == 0
    assert lab("--name", name, "down").returncode == 0
    down = lab("--name", name, "ssh", "h1", "true")
    assert (down.returncode, "is not up; start it with" in down.stderr) == (1, True)


def test_an_unknown_host_is_told_with_those_there_are(name: str) -> None:
    up = Lab.up(1, name)
    with pytest.raises(LabError, match="has no host 'h7', only h1"):
        up["h7"]


def test_every_shell_script_is_plain_sh() -> None:
    scripts = [*HERE.rglob("*.sh"), HERE / "lab", *(HERE / "image/rootfs/usr/local").rglob("*")]
    files = [str(script) for script in scripts if script.is_file()]
    done = subprocess.run(["shellcheck", "-s", "sh", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
