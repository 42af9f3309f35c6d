"""What real hosts tell about their past: real switches, a real reboot, a unit that really failed."""

import time

import pytest

from nixtui.fleet.past import Part, parts_of
from nixtui.fleet.recall import ask
from nixtui.model.host import Host
from nixtui.model.timeline import HostAnswer, Kind
from tests.lab import host as lab_host
from tests.lab.lab import Lab
from tests.remote.operator import Operator

pytestmark = pytest.mark.lab


async def told(lab: Lab, host: lab_host.Host, *, user: str = "root") -> HostAnswer:
    operator = Operator(lab, user=user)
    asked = Host(name=host.name, address=host.name)
    answer = await ask(asked, time.time() - 3600, operator.reach, time.time)
    assert answer.history is not None, answer.problem
    return answer


def of_kind(parts: list[Part], kind: Kind) -> list[Part]:
    return [each for each in parts if each.kind is kind]


async def test_switches_a_failure_and_a_reboot_are_read_back(lab: Lab, host: lab_host.Host) -> None:
    older, newest = host.generations[-2], host.generations[-1]
    begun = time.time()
    assert host.switch(older.path).code == 0
    assert host.switch(newest.path).code == 0
    unit = host.fail_unit("sudden")
    answer = await told(lab, host)
    parts = parts_of(answer)
    switches = [each.moment for each in of_kind(parts, Kind.SWITCH) if each.moment.at >= begun - 2]
    assert [(each.before and each.before.generation, each.after and each.after.generation) for each in switches] == [
        (newest.number, older.number),
        (older.number, newest.number),
    ]
    assert [each.status for each in switches] == [0, 0]
    assert switches[0].before is not None and switches[0].before.path == newest.path
    failures = of_kind(parts, Kind.FAILED)
    assert [(each.unit, each.moment.result, each.moment.count) for each in failures] == [(unit, "exit-code", 1)]
    assert answer.history is not None and answer.history.incomplete == ()

    host.reboot()
    again = await told(lab, host)
    reboots = of_kind(parts_of(again), Kind.REBOOT)
    assert any(each.moment.at >= begun - 2 for each in reboots)
    assert len(of_kind(parts_of(again), Kind.SWITCH)) == len(of_kind(parts, Kind.SWITCH)), "a boot is no switch"


async def test_a_switch_whose_unit_fails_says_so(lab: Lab, host: lab_host.Host) -> None:
    assert host.switch("unit-fails").code == 4
    parts = parts_of(await told(lab, host))
    switch = of_kind(parts, Kind.SWITCH)[-1].moment
    assert switch.status == 4
    assert switch.after is not None and switch.after.path == host.variants["unit-fails"]
    assert of_kind(parts, Kind.FAILED)


async def test_a_login_that_may_not_read_the_journal_is_told_as_incomplete(lab: Lab, host: lab_host.Host) -> None:
    answer = await told(lab, host, user="plain")
    assert answer.history is not None
    assert any("the journal is not readable by plain" in each for each in answer.history.incomplete)
    assert answer.history.links, "the profile's links are there for everybody"


async def test_what_anybody_can_log_is_no_switch(lab: Lab, host: lab_host.Host) -> None:
    fake = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-fake"
    host.sh(f"logger -t nixos 'finished switching to system configuration {fake}'", user="plain")
    answer = await told(lab, host)
    assert answer.history is not None
    assert all(each.path != fake for each in answer.history.activations)
