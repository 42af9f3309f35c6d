"""A first connection to an instance: its console, read by the API, confirms the key that is shown, or does not."""

import asyncio
from pathlib import Path

import pytest

from nixtui.aws.session import Session
from nixtui.instances.console_witness import ConsoleWitness
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.remote.access import SshAccess
from nixtui.remote.errors import HostKeyChanged, HostKeyUnknown, RemoteError
from nixtui.remote.settings import SshSettings
from nixtui.remote.ssh import SshTransport
from tests.cli.conftest import Shell, shell
from tests.instances.fake_machines import REGION, FakeMachines, Machine, listed
from tests.remote.conftest import own_sshd, sshd, workstation
from tests.remote.sshd import Sshd, key_words, keygen
from tests.remote.test_host_keys import fingerprint
from tests.remote.workstation import Workstation

__all__ = ["own_sshd", "shell", "sshd", "workstation"]

WEB = "i-0a1b2c3d4e5f60718"
OTHER = "SHA256:9hPksPsKffQHey0dtyLgafqhA1rfKW8mjYBj1s12Pr4"


def print_of(sshd: Sshd) -> str:
    return "SHA256:" + fingerprint(sshd.directory / "host_ed25519.pub").partition("SHA256:")[2]


async def refused(
    workstation: Workstation, host: Host, fake: FakeMachines, *, looks: int = 1, pause: float = 0.0
) -> RemoteError:
    """How a connection ends, the last of several."""
    clock = iter(range(0, 10_000, 1 + round(pause)))
    async with Session(fake.environ) as session:

        async def its_login(_: Host) -> Session:
            return session

        witness = ConsoleWitness(its_login, clock=lambda: float(next(clock)))
        access = SshAccess(
            SshSettings(config_files=()), workstation.prompter, environ=workstation.environ, witness=witness
        )
        for _ in range(looks):
            with pytest.raises(RemoteError) as raised:
                await SshTransport(host, access).connect()
        await access.close()
    return raised.value


@pytest.fixture(autouse=True)
def only_this_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 reads this process's own environment."""
    for name, value in FakeMachines().environ.items():
        monkeypatch.setenv(name, value)


def a_fake(console: str, **more: object) -> FakeMachines:
    return FakeMachines(Machine(WEB, "web-1", "127.0.0.1", console=console, **more))  # type: ignore[arg-type]


def host_of(sshd: Sshd) -> Host:
    return sshd.host(instance=InstanceId(WEB, REGION))


async def test_the_console_says_the_same(workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_fake(listed((print_of(sshd), "ED25519"), (OTHER, "RSA"))) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        error = await refused(workstation, host_of(sshd), fake)
    assert isinstance(error, HostKeyUnknown)
    assert error.reason.endswith(f"the console of {WEB} says the same")
    assert error.remedy == "nixtui instance trust web-1 puts it into known_hosts"


async def test_the_console_says_otherwise(
    workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_fake(listed((OTHER, "ED25519"))) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        error = await refused(workstation, host_of(sshd), fake)
    assert isinstance(error, HostKeyChanged)
    assert f"THE CONSOLE OF {WEB} SAYS OTHERWISE: {OTHER}" in error.reason
    assert "is not that instance, or its keys were made anew" in error.reason
    assert error.remedy == "do not log in: find out who answers at this address"


@pytest.mark.parametrize(
    ("console", "words"),
    [
        ("", "shows no host keys (yet)"),
        ("<<< NixOS Stage 1 >>>", "shows no host keys (yet)"),
        (listed((OTHER, "RSA")), "shows keys of other kinds only (RSA)"),
    ],
)
async def test_without_the_console_it_is_the_old_question(
    workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch, console: str, words: str
) -> None:
    with a_fake(console) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        error = await refused(workstation, host_of(sshd), fake)
    assert isinstance(error, HostKeyUnknown)
    assert words in error.reason
    assert "compare the fingerprint" in (error.remedy or "")


async def test_who_may_not_read_consoles_is_told_so_and_asked_the_old_question(
    workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_fake(listed((print_of(sshd), "ED25519"))) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        fake.denied.add("GetConsoleOutput")
        error = await refused(workstation, host_of(sshd), fake)
    assert isinstance(error, HostKeyUnknown)
    assert "could not be asked: these credentials may not call ec2:GetConsoleOutput" in error.reason


async def test_what_is_not_on_nitro_has_the_output_of_its_boot(
    workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_fake(listed((print_of(sshd), "ED25519")), nitro=False) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        error = await refused(workstation, host_of(sshd), fake)
    assert error.reason.endswith("says the same")


async def test_a_console_is_read_once_and_one_without_keys_again_after_a_minute(
    workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_fake(listed((print_of(sshd), "ED25519"))) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        await refused(workstation, host_of(sshd), fake, looks=3, pause=100)
        assert fake.calls == ["GetConsoleOutput"]
    with a_fake("") as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.environ["AWS_ENDPOINT_URL"])
        await refused(workstation, host_of(sshd), fake, looks=3)
        assert fake.calls == ["GetConsoleOutput"] * 2  # the newest, and that of the boot
        await refused(workstation, host_of(sshd), fake, looks=3, pause=100)
        assert len(fake.calls) == 2 + 3 * 2


async def test_a_host_that_is_no_instance_has_no_console(
    workstation: Workstation, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_fake("") as fake:
        error = await refused(workstation, sshd.host(), fake)
        assert (isinstance(error, HostKeyUnknown), fake.calls) == (True, [])


def a_fleet(shell: Shell, sshd: Sshd, fake: FakeMachines, known: Path) -> None:
    shell.environ.update(fake.environ)
    config = shell.directory / "ssh_config"
    config.write_text("")
    shell.configure(
        f'[ec2]\n[ssh]\nconfig = "{config}"\nknown_hosts = ["{known}"]\nelevate = "none"\n'
        f'[hosts.web-1]\naddress = "127.0.0.1"\nport = {sshd.port}\n'
    )


async def test_what_the_console_confirms_is_trusted_on_demand_only(shell: Shell, sshd: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    with a_fake(listed((print_of(sshd), "ED25519"))) as fake:
        a_fleet(shell, sshd, fake, known)
        run = shell.run

        def told(*words: str):
            return asyncio.to_thread(run, *words)

        before = (await told("status", "web-1", "--json")).json[0]
        assert before["state"] == "host_key_unknown"
        assert before["ec2"]["instance_id"] == WEB
        assert (await told("instance", "trust", "web-1")).code == 5  # nobody said yes
        assert not known.exists()
        ended = await told("instance", "trust", "web-1", "--yes", "--json")
        assert ended.code == 0, ended.err
        assert ended.json["fingerprint"] == print_of(sshd)
        assert known.read_text() == sshd.known_hosts
        assert known.stat().st_mode & 0o777 == 0o600
        assert (await told("status", "web-1", "--json")).json[0]["state"] == "auth_failed"  # it let us in that far
        assert "known already" in (await told("instance", "trust", WEB)).out


async def test_an_address_that_is_another_instances_now_loses_its_old_line(
    shell: Shell, sshd: Sshd, tmp_path: Path
) -> None:
    known, old = tmp_path / "known_hosts", keygen(tmp_path / "old").with_suffix(".pub")
    lines = f"# mine\n{sshd.name} {key_words(old)}\nother.example {key_words(old)}\n"
    known.write_text(lines)
    with a_fake(listed((print_of(sshd), "ED25519"))) as fake:
        a_fleet(shell, sshd, fake, known)
        dry = await asyncio.to_thread(shell.run, "instance", "trust", "web-1", "--dry-run")
        assert f"line 2 of {known} is of another machine, and goes" in dry.out
        assert known.read_text() == lines
        ended = await asyncio.to_thread(shell.run, "instance", "trust", "web-1", "--yes")
        assert ended.code == 0, ended.err
    assert known.read_text() == f"# mine\nother.example {key_words(old)}\n{sshd.known_hosts}"


async def test_what_the_console_contradicts_cannot_be_trusted(shell: Shell, sshd: Sshd, tmp_path: Path) -> None:
    with a_fake(listed((OTHER, "ED25519"))) as fake:
        a_fleet(shell, sshd, fake, tmp_path / "known_hosts")
        ended = await asyncio.to_thread(shell.run, "instance", "trust", "web-1", "--yes")
    assert ended.code == 1
    assert "SAYS OTHERWISE" in ended.err
    assert not (tmp_path / "known_hosts").exists()
