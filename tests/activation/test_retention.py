"""Deleting old generations of real hosts: what is never deleted, boot entries that follow, and pins."""

from collections.abc import AsyncIterator
from secrets import token_hex

import pytest

from nixtui.activation.pinning import pinning_job, plan_pinning
from nixtui.activation.retention import deletion_job, measure, plan_deletion
from nixtui.activation.rollback import Action, Seen
from nixtui.model.host import Host as Known
from nixtui.model.retention import Retention, parse_retention
from nixtui.model.target import Number
from nixtui.operations.operation import Job, Operation
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote.generations import generations
from tests.activation.conftest import QUICK, Rolling, leftovers, truth
from tests.lab.host import Host

pytestmark = pytest.mark.lab


async def seen(rolling: Rolling) -> Seen:
    host = Known(name=rolling.host.name, address=rolling.host.name)
    async with rolling.reach(host) as transport:
        return Seen(host, await generations(transport))


async def carry_out(rolling: Rolling, identity: str, plan: Plan, job: Job) -> TargetReport:
    operation = Operation(identity, plan, job)
    report = await operation.run(Consent(Answer.YES_FLAG), Policy(), rolling.journal)
    (only,) = report.targets
    return only


async def delete(rolling: Rolling, rule: Retention) -> TargetReport:
    there = await seen(rolling)
    freed = await measure([there], rule, rolling.reach)
    identity = token_hex(4)
    deletion = plan_deletion([there], rule, QUICK, freed=freed, operation=identity, operator="me@here")
    return await carry_out(rolling, identity, deletion.plan, deletion_job(deletion, rolling.reach))


async def pin(rolling: Rolling, number: int, *, remove: bool = False) -> TargetReport:
    pinning = plan_pinning([await seen(rolling)], Number(number), remove=remove)
    return await carry_out(rolling, token_hex(4), pinning.plan, pinning_job(pinning, rolling.reach))


@pytest.fixture
async def unpinned(host: Host) -> AsyncIterator[None]:
    yield
    host.sh("rm -rf /nix/var/nix/gcroots/nixtui-pins")


def entries(host: Host) -> set[str]:
    names = host.sh("cd /boot/loader/entries && ls").split()
    return {name.split("-generation-")[1].split("-")[0].removesuffix(".conf") for name in names}


async def test_the_running_the_previous_and_the_booted_one_stay_and_boot_entries_follow(
    rolling: Rolling, host: Host
) -> None:
    numbers = [each.number for each in host.generations]
    before = truth(host)
    report = await delete(rolling, Retention(keep=0))
    assert report.outcome is Outcome.COMMITTED, report
    left = host.generation_numbers()
    assert left == tuple(numbers[-2:]), "what runs, and the previous one"
    assert entries(host) == {str(number) for number in left}
    assert truth(host) == before
    assert leftovers(host) == ""
    again = await delete(rolling, Retention(keep=0))
    assert again.outcome is Outcome.UNCHANGED


async def test_what_boots_next_stays_and_goes_on_to_boot_next(rolling: Rolling, host: Host) -> None:
    oldest = host.generations[0]
    await (await rolling.to(str(oldest.number), action=Action.BOOT)).report()
    host.sh(f"nix-env -p /nix/var/nix/profiles/system --switch-generation {host.generations[-1].number}")
    assert truth(host).boot_default == oldest.path
    report = await delete(rolling, Retention(keep=0))
    assert report.outcome is Outcome.COMMITTED, report
    assert oldest.number in host.generation_numbers()
    assert truth(host).boot_default == oldest.path


async def test_keep_and_age_are_both_honoured(rolling: Rolling, host: Host) -> None:
    numbers = [each.number for each in host.generations]
    assert (await delete(rolling, parse_retention("3"))).outcome is Outcome.COMMITTED
    assert host.generation_numbers() == tuple(numbers[-3:])
    assert (await delete(rolling, parse_retention("52w"))).outcome is Outcome.UNCHANGED


async def test_a_pinned_generation_stays_until_it_is_unpinned(rolling: Rolling, host: Host, unpinned: None) -> None:
    oldest = host.generations[0]
    assert (await pin(rolling, oldest.number)).outcome is Outcome.COMMITTED
    assert (await pin(rolling, oldest.number)).outcome is Outcome.UNCHANGED
    await delete(rolling, Retention(keep=0))
    assert oldest.number in host.generation_numbers()
    assert (await pin(rolling, oldest.number, remove=True)).outcome is Outcome.COMMITTED
    await delete(rolling, Retention(keep=0))
    assert oldest.number not in host.generation_numbers()


async def test_a_pin_survives_the_collector_and_other_operations(rolling: Rolling, host: Host, unpinned: None) -> None:
    oldest, another = host.generations[0], host.generations[1]
    await pin(rolling, oldest.number)
    await (await rolling.to("previous")).report()  # whose sweep clears away roots that crashed operations left
    host.sh("nix-collect-garbage -d")
    assert host.run(f"test -e {oldest.path}/nixos-version").code == 0
    assert host.run(f"test -e {another.path}/nixos-version").code != 0
    there = (await seen(rolling)).generations
    assert there is not None
    assert there.pins == (oldest.path,)
    back = await rolling.to(f"path:{oldest.path}", action=Action.BOOT)  # live, an inhibitor may stand in between
    assert (await back.report()).outcome is Outcome.COMMITTED
    assert truth(host).boot_default == oldest.path


async def test_a_host_that_moved_since_is_left_alone(rolling: Rolling, host: Host) -> None:
    there, rule, identity = await seen(rolling), Retention(keep=0), token_hex(4)
    deletion = plan_deletion([there], rule, QUICK, freed={}, operation=identity, operator="me@here")
    oldest = host.generations[0]
    host.sh(f"mkdir -p /nix/var/nix/gcroots/nixtui-pins && ln -s {oldest.path} /nix/var/nix/gcroots/nixtui-pins/x")
    report = await carry_out(rolling, identity, deletion.plan, deletion_job(deletion, rolling.reach))
    host.sh("rm -rf /nix/var/nix/gcroots/nixtui-pins")
    assert report.outcome is Outcome.REFUSED
    assert f"generation {oldest.number} is in use" in (report.detail or "")
    assert host.generation_numbers() == tuple(each.number for each in host.generations)
    assert leftovers(host) == ""


async def test_a_held_lock_is_respected(rolling: Rolling, host: Host) -> None:
    attempt = await rolling.to_variant("slow")
    await attempt.until_step("testing")
    report = await delete(rolling, Retention(keep=0))
    assert report.outcome is Outcome.REFUSED
    assert "locked by me@here" in (report.detail or "") or "runs" in (report.detail or "")
    attempt.operation.cancel()
    await attempt.report()


async def test_a_full_boot_is_told(rolling: Rolling, host: Host) -> None:
    host.fill_boot()
    report = await delete(rolling, parse_retention("3"))
    host.free_boot()
    assert report.outcome in (Outcome.FAILED, Outcome.COMMITTED)
    if report.outcome is Outcome.FAILED:
        assert "boot entries could not be written" in (report.detail or "")
    assert truth(host).boot_default == host.generations[-1].path
