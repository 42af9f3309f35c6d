"""A guarded rollback of a real host that only the SSM agent reaches: its sshd is stopped."""

import asyncio
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import pytest

from nixtui.activation.guarded import HealthCheck
from nixtui.aws.session import Session
from nixtui.instances.run_command import SsmTransport
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.operations.report import Outcome
from nixtui.remote.transport import Transport
from tests.activation.conftest import QUICK, Rolling, Truth, journal, leftovers, truth
from tests.instances.fake_machines import REGION, FakeMachines, Machine, a_shell
from tests.lab import host as lab_host
from tests.lab.inside import _enter

__all__ = ["journal"]

pytestmark = pytest.mark.lab

WEB = "i-0a1b2c3d4e5f60718"
PATIENT = msgspec.structs.replace(QUICK, revert_after=20.0)
"""A sign of life is a command of its own here."""


@dataclass
class RollingOverSsm(Rolling):
    """The same operator, without SSH."""

    session: Session | None = None

    @asynccontextmanager
    async def reach(self, host: Host) -> AsyncIterator[Transport]:
        assert self.session is not None
        yield SsmTransport(msgspec.structs.replace(host, instance=InstanceId(WEB, REGION)), self.session)


def agent_of(host: lab_host.Host):
    """Runs what comes inside the container, as root, with the little environment that an agent has."""

    def execute(script: str, stop: threading.Event) -> subprocess.CompletedProcess[str]:
        leader = host.container.leader()
        if leader is None:
            return subprocess.CompletedProcess("sh", 1, "", "the host is off")
        return a_shell(*_enter(leader), "sh")(script, stop)

    return execute


@pytest.fixture
def fake(host: lab_host.Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMachines]:
    with FakeMachines(Machine(WEB, host.name, host.address, execute=agent_of(host))) as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
async def rolling(lab, host: lab_host.Host, journal, fake: FakeMachines) -> AsyncIterator[RollingOverSsm]:
    host.sh("systemctl stop ssh.service ssh.socket 2>/dev/null || systemctl stop sshd.service; true")
    async with Session(fake.environ) as session:
        yield RollingOverSsm(lab, host, journal, session=session)


async def test_a_host_without_ssh_is_taken_to_its_previous_generation(
    rolling: RollingOverSsm, host: lab_host.Host, fake: FakeMachines
) -> None:
    before = host.generations[-2]
    attempt = await rolling.to("previous", settings=PATIENT)
    report = await attempt.report()
    assert (report.outcome, report.after) == (Outcome.COMMITTED, str(before.number)), report
    assert attempt.steps == ["connecting", "locked", "armed", "testing", "verifying", "committing"]
    now = truth(host)
    assert now.current == now.profile == now.boot_default == before.path
    assert leftovers(host) == ""
    assert host.sh("ls -A /run/nixtui-jobs") == ""
    assert not any(each.code == 97 for each in fake.sent)


async def test_a_system_that_is_not_well_is_left_again(rolling: RollingOverSsm, host: lab_host.Host) -> None:
    was = truth(host)
    settings = msgspec.structs.replace(PATIENT, health=(HealthCheck("exit 3", 5.0),))
    report = await (await rolling.to("previous", settings=settings)).report()
    assert report.outcome is Outcome.REVERTED, report
    assert "health command" in (report.detail or "")
    assert truth(host) == was
    assert leftovers(host) == ""


async def test_when_the_agent_is_gone_after_it_was_armed_the_host_goes_back_by_itself(
    rolling: RollingOverSsm, host: lab_host.Host, fake: FakeMachines
) -> None:
    was = truth(host)
    fake.delivery_s = 2.0
    attempt = await rolling.to("previous", settings=msgspec.structs.replace(QUICK, revert_after=8.0))
    await attempt.until_step("armed")
    fake.machines[WEB].is_cut_off = True
    assert await asyncio.to_thread(_is_back, host, was)
    fake.machines[WEB].is_cut_off = False
    report = await attempt.report()
    assert report.outcome is Outcome.REVERTED, report
    assert truth(host) == was


def _is_back(host: lab_host.Host, was: Truth) -> bool:
    """Once its guard has ended, which without a word from us is only by its timer."""
    host.wait_until(lambda: host.run("ls /run/nixtui/ended 2>/dev/null").stdout != "", within=60)
    return truth(host) == was
