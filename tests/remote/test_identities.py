"""Which keys are offered, in which order, and when a passphrase is asked for: against a real sshd and ssh-agent."""

# ruff: noqa: ASYNC221 - what a test prepares may block it

import asyncio
import subprocess
from pathlib import Path

import pytest

from nixtui.remote.errors import AuthenticationFailed
from nixtui.remote.key_file import KeyFile
from nixtui.remote.prompter import Secret
from tests.remote.sshd import Sshd, keygen, running_sshd, sign_key
from tests.remote.workstation import Answers, Workstation

PASSPHRASE = "correct horse"


def public(key: Path) -> Path:
    return key.with_name(key.name + ".pub")


@pytest.fixture
def locked(workstation: Workstation, own_sshd: Sshd) -> Path:
    """The operator's only key, encrypted; the host takes it."""
    workstation.key.unlink()
    workstation.public_key.unlink()
    key = keygen(workstation.ssh / "id_ed25519", passphrase=PASSPHRASE)
    workstation.may_enter(own_sshd)
    return key


class TestPassphrases:
    """Asked for only when nothing else opens the door, and once for all hosts."""

    async def test_asked_once_for_all_hosts(self, workstation: Workstation, own_sshd: Sshd, locked: Path) -> None:
        workstation.prompter = Answers(PASSPHRASE)
        access = workstation.access()
        hosts = [own_sshd.host(f"web-{number}") for number in range(20)]
        await asyncio.gather(*(workstation.reach(host, access) for host in hosts))
        assert workstation.prompter.questions == [f"Passphrase for {locked}"]

    async def test_a_wrong_one_may_be_corrected(self, workstation: Workstation, own_sshd: Sshd, locked: Path) -> None:
        workstation.prompter = Answers("wrong", "wrong again", PASSPHRASE)
        await workstation.reach(own_sshd.host())
        assert workstation.prompter.questions[1:] == [f"That was wrong. Passphrase for {locked}"] * 2

    async def test_after_three_wrong_ones_nobody_is_asked_again(
        self, workstation: Workstation, own_sshd: Sshd, locked: Path
    ) -> None:
        workstation.prompter = Answers("no", "no", "no")
        access = workstation.access()
        for _ in range(2):
            with pytest.raises(AuthenticationFailed):
                await workstation.reach(own_sshd.host(), access)
        assert len(workstation.prompter.questions) == 3

    async def test_a_refusal_counts_for_all_hosts_until_it_is_taken_back(
        self, workstation: Workstation, own_sshd: Sshd, locked: Path
    ) -> None:
        workstation.prompter = Answers(None, PASSPHRASE)
        access = workstation.access()
        hosts = [own_sshd.host(f"web-{number}") for number in range(5)]
        results = await asyncio.gather(*(workstation.reach(host, access) for host in hosts), return_exceptions=True)
        assert {type(result) for result in results} == {AuthenticationFailed}
        assert len(workstation.prompter.questions) == 1
        access.identities.ask_again()
        await workstation.reach(own_sshd.host(), access)

    async def test_not_asked_when_another_key_opens(self, workstation: Workstation, own_sshd: Sshd) -> None:
        keygen(workstation.ssh / "id_ecdsa", kind="ecdsa", passphrase=PASSPHRASE)
        workstation.may_enter(own_sshd)
        own_sshd.authorize(workstation.ssh / "id_ecdsa.pub")
        await workstation.reach(own_sshd.host())

    async def test_not_asked_for_a_key_that_the_host_does_not_take(
        self, workstation: Workstation, own_sshd: Sshd, locked: Path
    ) -> None:
        useless = keygen(workstation.ssh / "id_ecdsa", kind="ecdsa", passphrase="never asked")
        workstation.prompter = Answers(PASSPHRASE)
        await workstation.reach(own_sshd.host())
        assert not any(str(useless) in question for question in workstation.prompter.questions)

    async def test_asked_when_the_public_half_is_not_known(self, workstation: Workstation, own_sshd: Sshd) -> None:
        key = keygen(workstation.home / "old", kind="rsa", passphrase=PASSPHRASE, form="PEM")
        workstation.trust(own_sshd)
        own_sshd.authorize(public(key))
        public(key).unlink()
        workstation.prompter = Answers(PASSPHRASE)
        await workstation.reach(own_sshd.host(), identity_files=(str(key),))
        assert workstation.prompter.questions == [f"Passphrase for {key}"]

    async def test_the_agent_makes_it_unnecessary(self, workstation: Workstation, own_sshd: Sshd) -> None:
        plain = keygen(workstation.home / "plain")
        workstation.trust(own_sshd)
        own_sshd.authorize(public(plain))
        workstation.start_agent(plain)
        subprocess.run(["ssh-keygen", "-q", "-p", "-N", PASSPHRASE, "-f", str(plain)], check=True, capture_output=True)
        await workstation.reach(own_sshd.host(), identity_files=(str(plain),))

    async def test_two_questions_never_overlap(self, workstation: Workstation, tmp_path: Path) -> None:
        with running_sshd(tmp_path / "a") as first, running_sshd(tmp_path / "b") as second:
            keys = [keygen(workstation.home / name, passphrase=PASSPHRASE) for name in ("one", "two")]
            workstation.trust(first, second)
            first.authorize(public(keys[0]))
            second.authorize(public(keys[1]))
            workstation.prompter = Answers(PASSPHRASE, PASSPHRASE)
            access = workstation.access(identity_files=tuple(map(str, keys)))
            await asyncio.gather(*(workstation.reach(server.host(), access) for server in (first, second)))
            assert workstation.prompter.most_at_once == 1
            assert len(workstation.prompter.questions) == 2


@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
async def test_all_forms_of_key_files_open(tmp_path: Path, kind: str, form: str) -> None:
    plain = KeyFile.read(keygen(tmp_path / "plain", kind=kind, form=form))
    assert not plain.is_locked
    assert plain.problem is None
    locked = KeyFile.read(keygen(tmp_path / "locked", kind=kind, form=form, passphrase=PASSPHRASE))
    before = locked.public_blob
    assert locked.is_locked
    assert before is not None
    assert not await locked.unlock(Secret("wrong"))
    assert locked.is_locked
    assert await locked.unlock(Secret(PASSPHRASE))
    assert not locked.is_locked
    assert locked.public_blob == before


def test_a_damaged_key_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
    assert KeyFile.read(path).problem is not None
    path.write_bytes(b"\0\xff not a key")
    assert KeyFile.read(path).problem is not None
    assert KeyFile.read(tmp_path / "missing").problem == f"{tmp_path}/missing: No such file or directory"


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in repr(Secret("hunter2"))
    assert "hunter2" not in str([Secret("hunter2")])


class TestAgent:
    """ssh-agent."""

    async def test_opens_the_door(self, workstation: Workstation, own_sshd: Sshd) -> None:
        key = keygen(workstation.home / "in-agent")
        workstation.trust(own_sshd)
        own_sshd.authorize(public(key))
        workstation.start_agent(key)
        key.unlink()
        await workstation.reach(own_sshd.host())

    @pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
    async def test_signs_with_every_kind_of_key(self, workstation: Workstation, own_sshd: Sshd, kind: str) -> None:
        key = keygen(workstation.home / "in-agent", kind=kind)
        workstation.trust(own_sshd)
        own_sshd.authorize(public(key))
        workstation.start_agent(key)
        await workstation.reach(own_sshd.host(), identity_files=("~/missing",))

    async def test_that_is_gone_does_no_harm(self, workstation: Workstation, own_sshd: Sshd) -> None:
        workstation.may_enter(own_sshd)
        workstation.environ["SSH_AUTH_SOCK"] = str(workstation.home / "gone")
        await workstation.reach(own_sshd.host())

    async def test_the_time_its_owner_takes_to_consent_does_not_count(
        self, workstation: Workstation, own_sshd: Sshd
    ) -> None:
        key = keygen(workstation.home / "in-agent")
        workstation.trust(own_sshd)
        own_sshd.authorize(public(key))
        slow_consent = workstation.home / "askpass"
        slow_consent.write_text("#!/bin/sh\nsleep 2\n")
        slow_consent.chmod(0o700)
        workstation.environ |= {"SSH_ASKPASS": str(slow_consent), "SSH_ASKPASS_REQUIRE": "force"}
        workstation.start_agent(key, confirm=True)
        await workstation.reach(own_sshd.host(), identity_files=("~/missing",), connect_timeout=1.5)

    async def test_of_ssh_config(self, workstation: Workstation, own_sshd: Sshd) -> None:
        key = keygen(workstation.home / "in-agent")
        workstation.trust(own_sshd)
        own_sshd.authorize(public(key))
        workstation.start_agent(key)
        workstation.environ["OTHER"] = workstation.environ.pop("SSH_AUTH_SOCK")
        workstation.configure("IdentityAgent $OTHER\n")
        await workstation.reach(own_sshd.host())

    async def test_a_configured_key_comes_first_so_that_a_full_agent_does_not_use_up_the_attempts(
        self, workstation: Workstation, tmp_path: Path
    ) -> None:
        others = [keygen(workstation.home / f"other-{number}") for number in range(6)]
        mine = keygen(workstation.home / "mine")
        workstation.start_agent(*others, mine)
        with running_sshd(tmp_path / "sshd", "MaxAuthTries 3") as server:
            workstation.trust(server)
            server.authorize(public(mine))
            await workstation.reach(server.host(), identity_files=(str(mine),))
            with pytest.raises(AuthenticationFailed, match="Too many authentication failures"):
                await workstation.reach(server.host(), identity_files=("~/missing",))

    async def test_identities_only_leaves_its_other_keys_out(self, workstation: Workstation, own_sshd: Sshd) -> None:
        other = keygen(workstation.home / "other")
        workstation.start_agent(other, workstation.key)
        workstation.trust(own_sshd)
        own_sshd.authorize(public(other))
        workstation.configure(f"IdentitiesOnly yes\nIdentityFile {workstation.key}\n")
        with pytest.raises(AuthenticationFailed, match="1 key of the agent"):
            await workstation.reach(own_sshd.host())


async def test_the_key_that_one_host_took_goes_first_at_the_next(workstation: Workstation, own_sshd: Sshd) -> None:
    keys = [keygen(workstation.home / f"key-{number}") for number in range(4)]
    workstation.trust(own_sshd)
    own_sshd.authorize(public(keys[-1]))
    own_sshd.extra = ["LogLevel VERBOSE"]
    own_sshd.stop()
    own_sshd.start()
    access = workstation.access(identity_files=tuple(map(str, keys)))
    await workstation.reach(own_sshd.host(), access)
    assert own_sshd.log.count("Failed publickey") == 3
    await workstation.reach(own_sshd.host(), access)
    assert own_sshd.log.count("Failed publickey") == 3


async def test_a_certificate_opens_the_door(workstation: Workstation, tmp_path: Path) -> None:
    authority = keygen(workstation.home / "authority")
    sign_key(authority, workstation.public_key, "-n", "root")
    with running_sshd(tmp_path / "sshd", f"TrustedUserCAKeys {public(authority)}") as server:
        workstation.trust(server)
        await workstation.reach(server.host())
        assert "CERT" in server.log


async def test_a_certificate_file_of_ssh_config(workstation: Workstation, tmp_path: Path) -> None:
    authority = keygen(workstation.home / "authority")
    sign_key(authority, workstation.public_key, "-n", "root")
    (workstation.ssh / "id_ed25519-cert.pub").rename(workstation.home / "elsewhere-cert.pub")
    workstation.configure("CertificateFile ~/elsewhere-cert.pub\n")
    with running_sshd(tmp_path / "sshd", f"TrustedUserCAKeys {public(authority)}") as server:
        workstation.trust(server)
        await workstation.reach(server.host())
        assert "CERT" in server.log


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
async def test_every_kind_of_key_file(workstation: Workstation, own_sshd: Sshd, kind: str) -> None:
    key = keygen(workstation.home / kind, kind=kind)
    workstation.trust(own_sshd)
    own_sshd.authorize(public(key))
    await workstation.reach(own_sshd.host(), identity_files=(str(key),))


async def test_a_password_is_never_tried(workstation: Workstation, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", "PasswordAuthentication yes", "UsePAM yes") as server:
        workstation.trust(server)
        with pytest.raises(AuthenticationFailed):
            await workstation.reach(server.host())
        assert "Failed password" not in server.log
        assert workstation.prompter.questions == []
