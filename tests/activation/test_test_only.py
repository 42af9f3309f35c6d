"""Trying a system on a real host without making it last: the guard watches over it, and the next boot takes it back."""

import pytest

from nixtui.activation.rollback import Action
from nixtui.operations.report import Outcome
from tests.activation.conftest import Rolling, leftovers, truth
from tests.lab.host import Host

pytestmark = pytest.mark.lab


async def test_it_runs_and_neither_profile_nor_boot_entry_is_touched(rolling: Rolling, host: Host) -> None:
    before, older = truth(host), host.generations[-2]
    attempt = await rolling.to("previous", action=Action.TEST)
    report = await attempt.report()
    assert (report.outcome, report.after) == (Outcome.TESTED, str(older.number))
    assert "until the next reboot" in (report.detail or "")
    now = truth(host)
    assert now.current == older.path
    assert (now.profile, now.number, now.boot_default) == (before.profile, before.number, before.boot_default)
    assert attempt.steps == ["connecting", "locked", "armed", "testing", "verifying", "disarming"]
    assert leftovers(host) == "", "no timer may be left that would take it back"


async def test_the_next_boot_takes_it_back(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    await (await rolling.to("previous", action=Action.TEST)).report()
    host.reboot()
    assert truth(host) == before


async def test_what_does_not_prove_itself_is_left_again(rolling: Rolling, host: Host) -> None:
    before = truth(host)
    report = await (await rolling.to_variant("unit-fails", action=Action.TEST)).report()
    assert report.outcome is Outcome.REVERTED
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_from_a_test_one_can_go_back_or_make_it_last(rolling: Rolling, host: Host) -> None:
    newest, older = host.generations[-1], host.generations[-2]
    await (await rolling.to("previous", action=Action.TEST)).report()
    again = await (await rolling.to(str(older.number), action=Action.TEST)).report()
    assert (again.outcome, again.detail) == (Outcome.UNCHANGED, "it runs already")
    assert (await (await rolling.to(str(older.number))).report()).outcome is Outcome.COMMITTED
    assert truth(host).boot_default == older.path
    await (await rolling.to(str(newest.number), action=Action.TEST)).report()
    assert (await (await rolling.to(str(older.number))).report()).outcome is Outcome.COMMITTED
    assert truth(host).current == truth(host).profile == older.path


async def test_what_boots_already_need_not_be_set_again(rolling: Rolling, host: Host) -> None:
    older = host.generations[-2]
    assert (await (await rolling.to("previous", action=Action.BOOT)).report()).outcome is Outcome.COMMITTED
    assert truth(host).current == host.generations[-1].path
    again = await (await rolling.to(str(older.number), action=Action.BOOT)).report()
    assert (again.outcome, again.detail) == (Outcome.UNCHANGED, "it is the profile and boots next already")
