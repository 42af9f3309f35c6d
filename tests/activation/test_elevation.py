"""The whole way as a user who is not root: sudo with and without a password, run0, and nobody."""

import pytest

from nixtui.operations.events import LogLine
from nixtui.operations.report import Outcome
from tests.activation.conftest import Rolling, leftovers, truth
from tests.lab.host import Host

pytestmark = pytest.mark.lab

WAYS = [
    pytest.param("deploy", "sudo", None, id="sudo without a password"),
    pytest.param("ops", "sudo", "opspw", id="sudo with a password"),
    pytest.param("run0er", "run0", None, id="run0"),
]


@pytest.mark.parametrize(("user", "elevate", "password"), WAYS)
async def test_takes_a_host_there(rolling: Rolling, host: Host, user: str, elevate: str, password: str | None) -> None:
    rolling.user, rolling.elevate, rolling.password = user, elevate, password
    assert (await (await rolling.to("previous")).report()).outcome is Outcome.COMMITTED
    assert truth(host).current == truth(host).boot_default == host.generations[-2].path
    assert leftovers(host) == ""


@pytest.mark.parametrize(("user", "elevate", "password"), WAYS)
async def test_brings_a_host_back(rolling: Rolling, host: Host, user: str, elevate: str, password: str | None) -> None:
    before = truth(host)
    rolling.user, rolling.elevate, rolling.password = user, elevate, password
    assert (await (await rolling.to_variant("unit-fails")).report()).outcome is Outcome.REVERTED
    assert truth(host) == before


@pytest.mark.parametrize(("user", "elevate", "password"), WAYS[:2])
async def test_a_cut_network(rolling: Rolling, host: Host, user: str, elevate: str, password: str | None) -> None:
    before = truth(host)
    rolling.user, rolling.elevate, rolling.password = user, elevate, password
    host.set_slow_seconds(60)
    attempt = await rolling.to_variant("slow")
    await attempt.until(lambda event: isinstance(event, LogLine) and "step" in event.text)
    host.link_down()
    await host.until(lambda: truth(host) == before, within=20)
    host.link_up()
    assert (await attempt.report()).outcome is Outcome.REVERTED


@pytest.mark.parametrize(
    ("user", "elevate", "password"),
    [("ops", "sudo", "wrong"), ("ops", "sudo", None), ("plain", "sudo", "plainpw"), ("plain", "run0", None)],
)
async def test_who_cannot_become_root_changes_nothing(
    rolling: Rolling, host: Host, user: str, elevate: str, password: str | None
) -> None:
    before = truth(host)
    rolling.user, rolling.elevate, rolling.password = user, elevate, password
    report = await (await rolling.to("previous")).report()
    assert report.outcome is Outcome.FAILED
    assert "nothing was done" in (report.detail or "")
    assert truth(host) == before
    assert leftovers(host) == ""


async def test_the_password_is_nowhere_on_the_host(rolling: Rolling, host: Host) -> None:
    rolling.user, rolling.elevate, rolling.password = "ops", "sudo", "opspw"
    host.sh(
        "systemd-run --quiet --unit=spy sh -c 'while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; done >/spy'"
    )
    assert (await (await rolling.to("previous")).report()).outcome is Outcome.COMMITTED
    host.stop_unit("spy.service")
    assert host.run("grep -qa opspw /spy").code == 1
    assert host.run("journalctl --no-pager | grep -q opspw").code == 1
    assert host.run("grep -rqs opspw /run /tmp /var/log").code == 1
