"""The store of real hosts: what is collected, what is kept, what a broken path is called."""

import pytest

from nixtui.model.host import Host as ModelHost
from nixtui.operations.report import Outcome
from nixtui.remote.store import garbage, store
from tests.activation.conftest import leftovers, truth
from tests.lab.host import Host
from tests.upkeep.conftest import Keeper

pytestmark = pytest.mark.lab


def exists(host: Host, path: str) -> bool:
    return host.run(f"[ -e {path} ]").code == 0


async def test_a_collection_keeps_what_is_protected_and_frees_the_rest(keeper: Keeper, host: Host) -> None:
    *older, way_back, newest = host.generations
    before = truth(host)
    prepared = await keeper.store("gc", host, older_than=0)
    (row,) = prepared.plan.targets
    assert any("generations that go" in warning for warning in row.warnings)
    commands = [command for step in prepared.plan.steps for command in step.commands]
    numbers = " ".join(str(each.number) for each in older)
    assert commands[0] == f"nix-env --profile /nix/var/nix/profiles/system --delete-generations {numbers}"
    report = await keeper.start(prepared).report()
    assert report.outcome is Outcome.COMMITTED, report
    assert host.generation_numbers() == (way_back.number, newest.number)
    assert truth(host) == before
    assert exists(host, way_back.path) and exists(host, newest.path)
    assert not any(exists(host, each.path) for each in older)
    assert not any(exists(host, path) for path in host.variants.values())
    entries = host.sh("ls /boot/loader/entries")
    assert str(way_back.number) in entries and not any(f"generation-{each.number}." in entries for each in older)
    assert "paths deleted" in (report.detail or "")
    assert leftovers(host) == ""


async def test_what_runs_and_was_booted_stays_however_old(keeper: Keeper, host: Host) -> None:
    """Tested by hand: an old generation runs, another was booted, a third is the profile."""
    oldest = host.generations[0]
    assert host.switch(oldest.path).code in (0, 4, 100)
    report = await keeper.start(await keeper.store("gc", host, older_than=0)).report()
    assert report.outcome is Outcome.COMMITTED, report
    assert oldest.number in host.generation_numbers()
    assert host.current_system() == oldest.path
    assert exists(host, oldest.path)


async def test_without_an_age_only_garbage_goes(keeper: Keeper, host: Host) -> None:
    numbers = host.generation_numbers()
    async with keeper.reach(ModelHost(name=host.name, address=host.name)) as transport:
        before = await garbage(transport)
    assert before.dead_paths > 0 and before.dead_bytes > 0
    report = await keeper.start(await keeper.store("gc", host)).report()
    assert report.outcome is Outcome.COMMITTED, report
    assert host.generation_numbers() == numbers
    async with keeper.reach(ModelHost(name=host.name, address=host.name)) as transport:
        assert (await garbage(transport)).dead_paths == 0
        assert (await store(transport)).paths
    again = await keeper.store("gc", host)
    assert again.plan.targets[0].refused_as is Outcome.UNCHANGED


async def test_a_generation_that_became_the_running_one_meanwhile_stops_it(keeper: Keeper, host: Host) -> None:
    prepared = await keeper.store("gc", host, older_than=0)
    oldest = host.generations[0]
    assert host.switch(oldest.path).code in (0, 4, 100)
    numbers = host.generation_numbers()
    report = await keeper.start(prepared).report()
    assert report.outcome is Outcome.REFUSED
    assert f"generation {oldest.number} must stay: it runs" in (report.detail or "")
    assert host.generation_numbers() == numbers


async def test_a_boot_menu_that_cannot_be_written_stops_before_anything_is_collected(
    keeper: Keeper, host: Host
) -> None:
    prepared = await keeper.store("gc", host, older_than=0)
    host.sh("mount -o remount,ro /boot 2>/dev/null || mount -o bind,ro /boot /boot")
    report = await keeper.start(prepared).report()
    assert report.outcome is Outcome.FAILED, report
    assert "boot menu could not be written" in (report.detail or "")
    assert all(exists(host, each.path) for each in host.generations)


async def test_a_verification_finds_a_path_that_was_changed(keeper: Keeper, host: Host) -> None:
    well = await keeper.start(await keeper.store("verify", host)).report()
    assert well.outcome is Outcome.COMMITTED, well
    path = host.generations[-1].path
    host.sh(f"chmod u+w {path} {path}/nixos-version; echo rotten >>{path}/nixos-version")
    report = await keeper.start(await keeper.store("verify", host)).report()
    assert report.outcome is Outcome.FAILED
    assert "1 broken" in (report.detail or "") and path in (report.detail or "")
    assert "--repair" in (report.remedy or "")


async def test_a_collection_and_an_activation_exclude_each_other(keeper: Keeper, host: Host) -> None:
    host.sh(
        "mkdir -p /run/nixos; nohup flock /run/nixos/switch-to-configuration.lock sleep 60 >/dev/null 2>&1 &\n"
        "until ! flock -n /run/nixos/switch-to-configuration.lock true; do :; done"
    )
    report = await keeper.start(await keeper.store("gc", host)).report()
    assert report.outcome is Outcome.REFUSED
    assert "another activation" in (report.detail or "")
