"""Becoming root: with real sudo and real systemd on a host of the lab, without ever a terminal."""

import asyncio
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.elevation import Run0, Sudo, elevation
from nixtui.remote.errors import ElevationFailed, NoAnswer, Unreachable
from nixtui.remote.prompter import Nobody, Questions
from nixtui.remote.settings import ElevationMode, SshSettings
from nixtui.remote.ssh import SshTransport
from nixtui.remote.sudo_passwords import SudoPasswords
from nixtui.remote.transport import Script
from tests.lab.access import OPS_PASSWORD
from tests.lab.host import Host as LabHost
from tests.remote.workstation import Answers

WHO = Script("who", "id -u")


def test_the_commands_are_constant_but_for_the_nonce() -> None:
    passwords = SudoPasswords(Questions(Nobody()))
    assert elevation(ElevationMode.SUDO, "web", "root", passwords).command("N") == "sh -s"
    assert elevation(ElevationMode.NONE, "web", "deploy", passwords).command("N") == "sh -s"
    assert Sudo("web", "deploy", passwords).command("N") == (
        "sudo -S -p nixtui-asks-N: -- sh -c 'echo nixtui-ready-N; exec sh -s'"
    )
    assert Run0("web", "deploy").command("N") == (
        "systemd-run --uid=0 --pipe --quiet --wait --collect --service-type=exec --send-sighup --no-ask-password "
        "--setenv=PATH -- sh -c 'echo nixtui-ready-N; exec sh -s'"
    )


@dataclass
class Logins:
    """Logins on one host of the lab; `prompter` is asked."""

    host: LabHost
    opened: list[SshTransport]
    prompter: Answers

    async def as_user(self, user: str, mode: str = "sudo", *answers: str | None) -> SshTransport:
        self.prompter = Answers(*answers)
        files = (str(self.host.access.ssh_config),)
        settings = SshSettings(config_files=files, elevate=ElevationMode(mode))
        transport = SshTransport(
            Host(name=self.host.name, address=self.host.name, user=user), SshAccess(settings, self.prompter)
        )
        await transport.connect()
        self.opened.append(transport)
        return transport


@pytest.fixture
async def logins(host: LabHost) -> AsyncIterator[Logins]:
    logins = Logins(host, [], Answers())
    yield logins
    for transport in logins.opened:
        await transport.close()


async def root_says(transport: SshTransport) -> str:
    return (await transport.run(WHO, elevated=True)).stdout.strip()


@pytest.mark.lab
class TestSudo:
    async def test_without_a_password_nobody_is_asked(self, logins: Logins) -> None:
        assert await root_says(await logins.as_user("deploy")) == "0"

    async def test_root_needs_none(self, logins: Logins) -> None:
        logins.host.sh("mv /usr/bin/sudo /usr/bin/sudo-away")
        assert await root_says(await logins.as_user("root")) == "0"

    async def test_only_what_is_elevated_runs_as_root(self, logins: Logins) -> None:
        transport = await logins.as_user("deploy")
        assert (await transport.run(WHO)).stdout.strip() != "0"

    async def test_none_runs_as_who_logged_in(self, logins: Logins) -> None:
        assert await root_says(await logins.as_user("deploy", "none")) != "0"

    async def test_the_password_is_asked_for_once_per_host(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD)
        assert [await root_says(transport) for _ in range(3)] == ["0", "0", "0"]
        assert logins.prompter.questions == [f"sudo password of ops on {logins.host.name}"]

    async def test_many_at_once_ask_once(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD)
        assert set(await asyncio.gather(*(root_says(transport) for _ in range(8)))) == {"0"}
        assert len(logins.prompter.questions) == 1

    async def test_a_wrong_password_may_be_corrected(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", "wrong", OPS_PASSWORD)
        assert await root_says(transport) == "0"
        assert logins.prompter.questions[1].startswith("That was wrong.")
        assert await root_says(transport) == "0"

    async def test_three_wrong_passwords_are_enough(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", "one", "two", "three")
        with pytest.raises(ElevationFailed):
            await root_says(transport)
        assert len(logins.prompter.questions) == 3

    async def test_no_password_no_root(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", None)
        with pytest.raises(ElevationFailed, match="sudo wants the password of ops, and none was given"):
            await root_says(transport)

    async def test_a_password_that_changed_is_asked_for_anew(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD, "new password")
        assert await root_says(transport) == "0"
        logins.host.sh("echo 'ops:new password' | chpasswd")
        assert await root_says(transport) == "0"
        assert await root_says(transport) == "0"
        assert len(logins.prompter.questions) == 2

    async def test_a_password_with_everything_in_it(self, logins: Logins) -> None:
        password = 'it\'s "$(id)" \\ ünïcödé % !'
        logins.host.sh(f"printf %s {shlex.quote('ops:' + password)} | chpasswd")
        assert await root_says(await logins.as_user("ops", "sudo", password)) == "0"

    async def test_the_time_it_takes_to_type_does_not_count(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD)
        slow = logins.prompter

        class Slow:
            async def secret(self, question: str) -> str | None:
                await asyncio.sleep(3)  # longer than the script may take
                return await slow.secret(question)

        transport._access.questions._prompter = Slow()
        assert (await transport.run(WHO, elevated=True, timeout=2.5)).stdout == "0\n"

    async def test_who_may_not_is_told_in_sudos_words(self, logins: Logins) -> None:
        transport = await logins.as_user("plain", "sudo", "anything", "anything", "anything")
        with pytest.raises(ElevationFailed) as raised:
            await root_says(transport)
        assert raised.value.host == logins.host.name
        assert raised.value.remedy is not None

    async def test_a_host_that_wants_a_terminal(self, logins: Logins) -> None:
        logins.host.sh("echo 'Defaults requiretty' >/etc/sudoers.d/tty; chmod 440 /etc/sudoers.d/tty")
        transport = await logins.as_user("deploy")
        with pytest.raises(ElevationFailed, match=r"sudo makes no root of deploy: .*tty"):
            await root_says(transport)

    async def test_a_host_without_sudo(self, logins: Logins) -> None:
        logins.host.sh("mv /usr/bin/sudo /usr/bin/sudo-away")
        transport = await logins.as_user("deploy")
        with pytest.raises(ElevationFailed, match="sudo is not there") as raised:
            await root_says(transport)
        assert "elevate" in (raised.value.remedy or "")

    async def test_a_sudo_that_hangs(self, logins: Logins) -> None:
        logins.host.sh("mv /usr/bin/sudo /usr/bin/sudo-away")
        logins.host.sh("printf '#!/bin/sh\\nexec sleep 1000\\n' >/usr/bin/sudo; chmod +x /usr/bin/sudo")
        transport = await logins.as_user("deploy")
        with pytest.raises(NoAnswer):
            await transport.run(WHO, elevated=True, timeout=1)

    async def test_a_link_that_is_lost_meanwhile_is_not_sudos_fault(self, logins: Logins) -> None:
        logins.host.sh("mv /usr/bin/sudo /usr/bin/sudo-away")
        logins.host.sh("printf '#!/bin/sh\\nexec sleep 1000\\n' >/usr/bin/sudo; chmod +x /usr/bin/sudo")
        transport = await logins.as_user("deploy")
        running = asyncio.create_task(transport.run(WHO, elevated=True))
        await logins.host.until(lambda: logins.host.run("pgrep -u deploy -x sleep").code == 0)
        logins.host.run("pkill -KILL -u deploy")
        with pytest.raises(Unreachable, match="the link was lost while sudo was starting"):
            await running

    async def test_a_terminal_in_the_middle_is_not_needed(self, logins: Logins) -> None:
        logins.host.sh("echo 'Defaults use_pty' >/etc/sudoers.d/pty; chmod 440 /etc/sudoers.d/pty")
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD)
        assert await root_says(transport) == "0"

    async def test_neither_script_nor_arguments_nor_password_are_logged(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD)
        await transport.run(Script("secret", "echo in-the-script >/dev/null; cat /proc/*/cmdline"), "in-an-argument")
        done = await transport.run(
            Script("secret", "cat /proc/*/cmdline | tr '\\0' ' '"), "in-an-argument", elevated=True
        )
        journal = logins.host.run("journalctl --no-pager").stdout
        assert "sh -c" in done.stdout
        for text in (done.stdout, journal):
            assert "in-an-argument" not in text
            assert OPS_PASSWORD not in text

    async def test_an_open_script_reads_its_input_as_root(self, logins: Logins) -> None:
        transport = await logins.as_user("ops", "sudo", OPS_PASSWORD)
        talk = Script("talk", 'id -u; while read -r line; do echo "got $line $1"; done')
        async with transport.open(talk, "it's", elevated=True) as channel:
            lines = channel.lines()
            assert await anext(lines) == "0"
            channel.write("one\n")
            assert await anext(lines) == "got one it's"

    async def test_output_status_and_arguments_come_through(self, logins: Logins) -> None:
        transport = await logins.as_user("deploy")
        done = await transport.run(
            Script("x", 'printf "<%s>" "$@"; echo oops >&2; exit 9'), "it's", "$(id)\n", elevated=True
        )
        assert (done.exit_status, done.stdout, done.stderr) == (9, "<it's><$(id)\n>", "oops\n")


@pytest.mark.lab
class TestRun0:
    async def test_by_a_polkit_rule(self, logins: Logins) -> None:
        assert await root_says(await logins.as_user("run0er", "run0")) == "0"

    async def test_output_status_and_arguments_come_through(self, logins: Logins) -> None:
        transport = await logins.as_user("run0er", "run0")
        done = await transport.run(
            Script("x", 'printf "<%s>" "$@"; echo oops >&2; exit 9'), "it's", "$(id)\n", elevated=True
        )
        assert (done.exit_status, done.stdout, done.stderr) == (9, "<it's><$(id)\n>", "oops\n")

    async def test_an_open_script_reads_its_input_as_root(self, logins: Logins) -> None:
        transport = await logins.as_user("run0er", "run0")
        talk = Script("talk", 'id -u; while read -r line; do echo "got $line"; done')
        async with transport.open(talk, elevated=True) as channel:
            lines = channel.lines()
            assert await anext(lines) == "0"
            channel.write("one\n")
            assert await anext(lines) == "got one"

    async def test_who_may_not_is_told(self, logins: Logins) -> None:
        transport = await logins.as_user("plain", "run0")
        with pytest.raises(ElevationFailed, match="run0 makes no root of plain") as raised:
            await root_says(transport)
        assert "polkit" in (raised.value.remedy or "")
