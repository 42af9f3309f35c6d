"""What hosts are asked, on real ones: a real systemd, a real Nix store, over real SSH."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from nixtui.fleet.state import FleetState
from nixtui.fleet.stream import Pace
from nixtui.fleet.watch import FleetWatch
from nixtui.model.closure import Change, diff
from nixtui.model.host import Host
from nixtui.model.status import HostState, HostStatus
from nixtui.remote.closures import closure
from nixtui.remote.generations import generations
from nixtui.remote.preview import preview
from nixtui.remote.probe import read_facts
from nixtui.remote.transport import Transport
from tests.lab.host import Host as LabHost
from tests.lab.lab import Lab
from tests.remote.operator import Operator

pytestmark = pytest.mark.lab


@pytest.fixture
async def admin(lab: Lab, host: LabHost) -> AsyncIterator[Transport]:
    """Root's login."""
    async with Operator(lab).reach(Host(name=host.name, address=host.name)) as transport:
        yield transport


@pytest.fixture
async def nobody_special(lab: Lab, host: LabHost) -> AsyncIterator[Transport]:
    """The login of somebody without rights."""
    async with Operator(lab, user="plain").reach(Host(name=host.name, address=host.name)) as transport:
        yield transport


async def test_a_real_host_tells_the_truth(admin: Transport, host: LabHost) -> None:
    facts = await read_facts(admin)
    newest = host.generations[-1]
    assert facts.current_system == facts.booted_system == facts.profile_system == newest.path
    assert (facts.generation, facts.generations) == (newest.number, len(host.generations))
    assert facts.nixos_version == host.sh("cat /run/current-system/nixos-version")
    assert facts.configuration_revision == host.sh("nixos-version --configuration-revision")
    assert (facts.reboot_needed, facts.systemd_state, facts.failed_units) == (False, "running", ())
    assert facts.boot_id == host.boot_id()
    assert facts.disks is not None and facts.disks[0].mount == "/"
    assert facts.switched_at == float(host.sh("stat -c %Y /nix/var/nix/profiles/system"))


async def test_it_needs_no_rights(nobody_special: Transport, admin: Transport) -> None:
    without, as_root = await read_facts(nobody_special), await read_facts(admin)
    for field in ("current_system", "generation", "systemd_state", "failed_units", "boot_id", "kernel_current"):
        assert getattr(without, field) == getattr(as_root, field)


async def test_a_unit_that_failed_is_named(admin: Transport, host: LabHost) -> None:
    unit = host.fail_unit()
    facts = await read_facts(admin)
    assert (facts.failed_units, facts.systemd_state) == ((unit,), "degraded")


async def test_every_generation_and_what_boots(admin: Transport, host: LabHost) -> None:
    found = await generations(admin)
    assert [each.number for each in found.items] == [each.number for each in reversed(host.generations)]
    assert [each.path for each in found.items] == [each.path for each in reversed(host.generations)]
    assert found.boot_default == host.boot_default()
    for seen, made in zip(found.items, reversed(host.generations), strict=True):
        assert seen.created_at == pytest.approx(found.clock - made.age.total_seconds(), abs=120)
        assert seen.nixos_version == host.sh(f"cat {made.path}/nixos-version")
        assert seen.kernel == host.sh(f"ls {made.path}/kernel-modules/lib/modules")
    newest = found.items[0]
    assert (newest.running, newest.booted, newest.profile, newest.boot_default) == (True, True, True, True)


async def test_a_closure_has_the_sizes_that_nix_knows(admin: Transport, host: LabHost) -> None:
    newest = host.generations[-1].path
    found = await closure(admin, newest)
    told = host.sh(f"nix path-info -rs {newest}").splitlines()
    assert found.sizes == {line.split()[0]: int(line.split()[1]) for line in told}


async def test_two_closures_differ_by_packages(admin: Transport, host: LabHost) -> None:
    before, after = [await closure(admin, each.path) for each in host.generations[-2:]]
    found = diff(before, after)
    assert sum(found.counts.values()) > 0 or found.rebuilt > 0
    assert all(package.change in Change for package in found.packages)


async def test_a_preview_is_what_dry_activate_says(admin: Transport, host: LabHost) -> None:
    previous = host.generations[-2].path
    found = await preview(admin, previous)
    said = host.run(f"{previous}/bin/switch-to-configuration dry-activate")
    assert found.exit_code == said.code == 0
    for unit in (*found.stopped, *found.started, *found.restarted, *found.reloaded, *found.not_stopped):
        assert unit in said.stdout + said.stderr
    assert found.touches_units
    assert host.current_system() == host.generations[-1].path


@pytest.mark.parametrize(
    ("variant", "reboot", "inhibited"),
    [
        ("good", False, False),
        ("other-kernel", True, False),
        ("other-systemd", True, True),
        ("inhibited", False, True),
        ("other-dbus", False, True),
        ("needs-reboot", False, True),
    ],
)
async def test_a_preview_knows_what_a_live_switch_would_run_into(
    admin: Transport, host: LabHost, variant: str, reboot: bool, inhibited: bool
) -> None:
    found = await preview(admin, host.variants[variant])
    assert (found.reboot_needed, bool(found.inhibitors)) == (reboot, inhibited), found


async def test_a_system_with_hostile_names_is_only_text(admin: Transport, host: LabHost) -> None:
    evil = host.variants["hostile-name"]
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --set {evil}")
    newest = (await generations(admin)).items[0]
    shown = [newest.nixos_version, newest.configuration_revision, *newest.specialisations]
    shown += [*(await preview(admin, evil)).started, *(await closure(admin, evil)).sizes]
    assert newest.path == evil
    assert all(text is None or text.isprintable() for text in shown)
    assert host.run("test -e /tmp/owned").code == 1


class LabConnections:
    """Root's logins to the lab, each kept until the end."""

    def __init__(self, lab: Lab, stack: AsyncExitStack) -> None:
        self._operator = Operator(lab)
        self._stack = stack

    async def connect(self, host: Host) -> Transport:
        return await self._stack.enter_async_context(self._operator.reach(host))


@pytest.fixture
async def live(lab: Lab, host: LabHost) -> AsyncIterator[FleetState]:
    """A fleet of one real host, watched in a hurry."""
    fleet = FleetState([Host(name=host.name, address=host.name, user="root")])
    pace = Pace(grain=0.01, interval=0.3, patience=1.5, hang_up=6, first_retry=0.3, last_retry=1)
    async with AsyncExitStack() as stack:
        watching = asyncio.create_task(FleetWatch(fleet, LabConnections(lab, stack), pace=pace).run())
        yield fleet
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def seen(fleet: FleetState, condition: Callable[[HostStatus], bool]) -> HostStatus:
    """The one host's status as soon as this holds of it."""
    (name,) = fleet.names()
    changed = asyncio.Event()
    feed = fleet.subscribe(changed.set)
    try:
        async with asyncio.timeout(60):
            while not condition(status := fleet.status(name)):
                await changed.wait()
                changed.clear()
                feed.take()
    finally:
        feed.close()
    return status


def is_up(status: HostStatus) -> bool:
    return status.state is HostState.UP


async def test_the_live_view_shows_a_unit_fail_and_recover(live: FleetState, host: LabHost) -> None:
    await seen(live, is_up)
    unit = await asyncio.to_thread(host.fail_unit)
    await seen(live, lambda status: status.reason == f"{unit} failed")
    host.sh("systemctl reset-failed")
    await seen(live, is_up)


async def test_the_live_view_keeps_what_it_knew_when_the_cable_is_out(live: FleetState, host: LabHost) -> None:
    before = await seen(live, is_up)
    host.link_down()
    gone = await seen(live, lambda status: status.reason == "does not answer")
    assert (gone.state, gone.facts) == (HostState.DEGRADED, before.facts)
    host.link_up()
    await seen(live, is_up)


async def test_the_live_view_follows_a_host_through_a_reboot(live: FleetState, host: LabHost) -> None:
    before = (await seen(live, is_up)).facts.boot_id
    await asyncio.to_thread(host.reboot)
    after = await seen(live, lambda status: is_up(status) and status.facts.boot_id != before)
    assert after.facts.boot_id == host.boot_id()


async def test_the_live_view_sees_a_switch_that_somebody_else_makes(live: FleetState, host: LabHost) -> None:
    await seen(live, is_up)
    previous = host.generations[-2]
    profile = "/nix/var/nix/profiles/system"
    host.sh(f"nix-env -p {profile} --switch-generation {previous.number}")
    drifting = await seen(live, lambda status: status.is_drifting)
    assert drifting.facts.generation == previous.number
    host.sh(f"{profile}/bin/switch-to-configuration switch", timeout=60)
    await seen(live, lambda status: not status.is_drifting and status.facts.current_system == previous.path)
