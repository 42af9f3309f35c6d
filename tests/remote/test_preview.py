"""What a switch would do, as dry-activate and the host's own links tell."""

from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.model.preview import Preview
from nixtui.model.store_path import NotAStorePath
from nixtui.remote.errors import BadAnswer, PathGone
from nixtui.remote.preview import parse_preview, preview
from nixtui.remote.transport import Completed
from tests.remote.local_transport import SHELLS, LocalTransport
from tests.remote.nixos_root import NixosRoot, store_name, web_host

HOST = Host(name="web-1", address="web-1")

DRY_ACTIVATE = """\
would stop swap device: /dev/vdb2
would stop the following units: old.service, Old.timer
would NOT stop the following changed units: display-manager.service
would activate the configuration...
would modify secret: db/password
would restart systemd
would reload the following units: firewall.service
would restart the following units: nginx.service, nscd.service, sshd.service
would start the following units: new.socket
would restart the following user units: pipewire.service
"""


@pytest.fixture(params=SHELLS)
def transport(request: pytest.FixtureRequest, root: NixosRoot) -> LocalTransport:
    return LocalTransport(HOST, str(request.param), root.environment)


@pytest.fixture
def root(tmp_path: Path) -> NixosRoot:
    return web_host(tmp_path / "root")


def switchable(root: NixosRoot, system: str, said: str = DRY_ACTIVATE, status: int = 0) -> str:
    """Give a system a switch-to-configuration that says this; it writes down how it was called."""
    root.write(f"{system}/said", said)
    root.write(
        f"{system}/bin/switch-to-configuration",
        f"#!/bin/sh\necho \"$*\" >'{root.at('/run/called')}'\ncat '{root.at(system)}/said' >&2\nexit {status}\n",
    )
    root.at(f"{system}/bin/switch-to-configuration").chmod(0o755)
    return system


def dbus(root: NixosRoot, system: str, package: str) -> None:
    unit = f"/nix/store/{store_name(len(package), package)}/etc/systemd/system/dbus.service"
    if not root.at(unit).exists():
        root.write(unit, "[Service]\n")
    root.link(f"{system}/etc/systemd/system/dbus.service", unit)


async def test_everything_that_dry_activate_says(root: NixosRoot, transport: LocalTransport) -> None:
    system = switchable(root, root.system(411))
    assert await preview(transport, system) == Preview(
        path=system,
        exit_code=0,
        stopped=("old.service", "Old.timer"),
        not_stopped=("display-manager.service",),
        reloaded=("firewall.service",),
        restarted=("nginx.service", "nscd.service", "sshd.service"),
        started=("new.socket",),
        restarts_systemd=True,
        said=(
            "would stop swap device: /dev/vdb2",
            "would modify secret: db/password",
            "would restart the following user units: pipewire.service",
        ),
        reboot_needed=False,
    )
    assert root.at("/run/called").read_text() == "dry-activate\n"


async def test_a_switch_that_changes_nothing(root: NixosRoot, transport: LocalTransport) -> None:
    system = switchable(root, root.system(411), "would activate the configuration...\n")
    found = await preview(transport, system)
    assert (found.is_complete, found.touches_units, found.said) == (True, False, ())


@pytest.mark.parametrize(("status", "said"), [(11, "Could not acquire lock"), (1, "Found diff in switch inhibitors:")])
async def test_a_dry_activate_that_fails_is_told(
    root: NixosRoot, transport: LocalTransport, status: int, said: str
) -> None:
    found = await preview(transport, switchable(root, root.system(411), said, status))
    assert (found.exit_code, found.is_complete, found.said) == (status, False, (said,))


async def test_another_kernel_takes_a_reboot(root: NixosRoot, transport: LocalTransport) -> None:
    found = await preview(transport, switchable(root, root.system(500, kernel="6.12.58")))
    assert (found.reboot_needed, found.reboot_reason) == (True, "kernel 6.12.51 → 6.12.58")


async def test_the_kernel_that_booted_counts_not_the_current_one(root: NixosRoot, transport: LocalTransport) -> None:
    root.runs(root.system(500, kernel="6.12.58"))
    assert (await preview(transport, switchable(root, root.system(411)))).reboot_needed is False


async def test_without_a_booted_system_a_reboot_is_unknown(root: NixosRoot, transport: LocalTransport) -> None:
    root.at("/run/booted-system").unlink()
    assert (await preview(transport, switchable(root, root.system(411)))).reboot_needed is None


async def test_what_forbids_a_live_switch(root: NixosRoot, transport: LocalTransport) -> None:
    system = switchable(root, root.system(500, systemd="258.1"))
    for path, package, version, inhibitors in (
        (root.system(412), "dbus-1.14.10", "2", "a\n"),
        (system, "dbus-broker-37", "3", "b\n"),
    ):
        dbus(root, path, package)
        root.write(f"{path}/init-interface-version", f"systemd {version}")
        root.write(f"{path}/switch-inhibitors", inhibitors)
    assert (await preview(transport, system)).inhibitors == (
        "the init interface would change from version systemd 2 to systemd 3",
        "NixOS's own switch inhibitors differ from those of the booted system",
        "dbus would change from dbus 1 to dbus-broker 37",
        "systemd would change from 257 to 258",
    )


async def test_a_system_that_is_gone(root: NixosRoot, transport: LocalTransport) -> None:
    system = root.system(411)
    root.collect(system)
    with pytest.raises(PathGone, match="is no system in its store"):
        await preview(transport, system)


async def test_a_path_that_is_no_system_is_not_run(root: NixosRoot, transport: LocalTransport) -> None:
    with pytest.raises(PathGone):
        await preview(transport, root.system(411))


async def test_only_store_paths_are_run(transport: LocalTransport) -> None:
    with pytest.raises(NotAStorePath):
        await preview(transport, "/tmp/evil")  # noqa: S108


@pytest.mark.parametrize(
    "stdout",
    [
        "",
        "#nixtui-preview begin\n#nixtui-preview dry-activate\nwould restart systemd\n",
        "#nixtui-preview begin\n#nixtui-preview dry-activate\n#nixtui-preview end\n",
        "#nixtui-preview begin\nreboot_for kernel\n#nixtui-preview dry-activate\n#nixtui-preview end 0\n",
    ],
)
def test_half_an_answer_is_none(stdout: str) -> None:
    with pytest.raises(BadAnswer):
        parse_preview("web-1", "/nix/store/x", Completed(0, stdout, ""))
