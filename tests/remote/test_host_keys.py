"""Nothing is said to a host before known_hosts vouches for its key: against real servers."""

# ruff: noqa: ASYNC221, ASYNC240 - what a test prepares may block it

import shlex
import subprocess
from pathlib import Path

import pytest

from nixtui.remote.errors import HostKeyChanged, HostKeyUnknown
from nixtui.remote.transport import Script
from tests.remote.sshd import USER, Sshd, key_words, keygen, running_sshd, sign_key
from tests.remote.workstation import Workstation

HELLO = Script("hello", "echo hello")


def fingerprint(public_key: Path) -> str:
    listed = subprocess.run(["ssh-keygen", "-lf", str(public_key)], check=True, capture_output=True, text=True)
    return listed.stdout.split()[1]


async def enters(workstation: Workstation, server: Sshd, **settings: object) -> bool:
    transport = await workstation.reach(server.host(), **settings)
    return (await transport.run(HELLO)).stdout == "hello\n"


@pytest.fixture
def known_hosts(workstation: Workstation, sshd: Sshd) -> Path:
    sshd.authorize(workstation.public_key)
    return workstation.ssh / "known_hosts"


async def test_a_host_that_nobody_vouches_for_is_unknown(workstation: Workstation, sshd: Sshd) -> None:
    sshd.authorize(workstation.public_key)
    with pytest.raises(HostKeyUnknown) as raised:
        await workstation.reach(sshd.host())
    assert raised.value.host == "web-1"
    assert "ssh-ed25519" in raised.value.reason
    assert fingerprint(sshd.directory / "host_ed25519.pub") in raised.value.reason
    assert str(workstation.ssh / "known_hosts") in raised.value.reason


async def test_the_remedy_for_an_unknown_host_works_as_it_is_written(
    workstation: Workstation, sshd: Sshd, tmp_path: Path
) -> None:
    sshd.authorize(workstation.public_key)
    known = tmp_path / "with space" / "known_hosts"
    known.parent.mkdir()
    settings = {"known_hosts": (str(known),), "identity_files": (str(workstation.key),)}
    with pytest.raises(HostKeyUnknown) as raised:
        await workstation.reach(sshd.host(), **settings)
    assert raised.value.remedy is not None
    command = shlex.split(raised.value.remedy.partition("accept it with: ")[2])
    answers_yes = tmp_path / "askpass"
    answers_yes.write_text(f'#!/bin/sh\nprintf %s "$1" >{tmp_path}/question\necho yes\n')
    answers_yes.chmod(0o700)
    environ = {"SSH_ASKPASS_REQUIRE": "force", "SSH_ASKPASS": str(answers_yes), "PATH": "/usr/bin:/bin"}
    subprocess.run([*command, "true"], check=True, capture_output=True, env=environ, timeout=20)
    assert fingerprint(sshd.directory / "host_ed25519.pub") in (tmp_path / "question").read_text()
    assert await enters(workstation, sshd, **settings)


@pytest.mark.parametrize("checking", ["no", "off", "accept-new"])
async def test_ssh_config_cannot_switch_the_check_off(workstation: Workstation, sshd: Sshd, checking: str) -> None:
    sshd.authorize(workstation.public_key)
    workstation.configure(f"StrictHostKeyChecking {checking}\nUserKnownHostsFile /dev/null\n")
    with pytest.raises(HostKeyUnknown):
        await workstation.reach(sshd.host())


async def test_another_key_than_before_is_said_loudly_with_file_and_line(
    workstation: Workstation, own_sshd: Sshd, known_hosts: Path
) -> None:
    own_sshd.authorize(workstation.public_key)
    other = keygen(workstation.home / "other")
    known_hosts.write_text(f"# comment\n\n{own_sshd.name} {key_words(other.with_suffix('.pub'))}\n")
    with pytest.raises(HostKeyChanged) as raised:
        await workstation.reach(own_sshd.host())
    assert "HOST KEY HAS CHANGED" in raised.value.reason
    assert f"{known_hosts} line 3" in raised.value.reason
    assert fingerprint(other.with_suffix(".pub")) in raised.value.reason
    assert fingerprint(own_sshd.directory / "host_ed25519.pub") in raised.value.reason
    assert f"user {USER}" not in own_sshd.log  # it did not even learn who wanted in


async def test_one_of_several_known_keys_is_enough(workstation: Workstation, sshd: Sshd, known_hosts: Path) -> None:
    other = keygen(workstation.home / "other")
    known_hosts.write_text(f"{sshd.name} {key_words(other.with_suffix('.pub'))}\n" + sshd.known_hosts)
    assert await enters(workstation, sshd)


async def test_a_revoked_key_is_refused_whatever_else_vouches_for_it(
    workstation: Workstation, sshd: Sshd, known_hosts: Path
) -> None:
    revoked = key_words(sshd.directory / "host_ed25519.pub")
    known_hosts.write_text(f"{sshd.known_hosts}@revoked * {revoked}\n")
    with pytest.raises(HostKeyChanged, match="REVOKED") as raised:
        await workstation.reach(sshd.host())
    assert f"{known_hosts} line 2" in raised.value.reason


async def test_hashed_names(workstation: Workstation, sshd: Sshd, known_hosts: Path) -> None:
    known_hosts.write_text(f"other.example.com {key_words(workstation.public_key)}\n{sshd.known_hosts}")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known_hosts)], check=True, capture_output=True)
    assert "127.0.0.1" not in known_hosts.read_text()
    assert await enters(workstation, sshd)


async def test_a_changed_key_is_found_behind_a_hashed_name(
    workstation: Workstation, sshd: Sshd, known_hosts: Path
) -> None:
    other = keygen(workstation.home / "other")
    known_hosts.write_text(f"{sshd.name} {key_words(other.with_suffix('.pub'))}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known_hosts)], check=True, capture_output=True)
    with pytest.raises(HostKeyChanged, match="line 1"):
        await workstation.reach(sshd.host())


@pytest.mark.parametrize(
    ("names", "vouches"),
    [
        ("{name}", True),
        ("example.com,{name},other", True),
        ("[127.0.0.*]:{port}", True),
        ("[127.0.0.?]:{port},!{name}", False),
        ("127.0.0.1", True),  # as with ssh: the bare name's key is good on other ports
        ("127.0.0.2", False),
        ("[127.0.0.1]:1", False),
    ],
)
async def test_names_are_matched_as_ssh_does(
    workstation: Workstation, sshd: Sshd, known_hosts: Path, names: str, vouches: bool
) -> None:
    key = key_words(sshd.directory / "host_ed25519.pub")
    known_hosts.write_text(f"{names.format(name=sshd.name, port=sshd.port)} {key}\n")
    if vouches:
        assert await enters(workstation, sshd)
    else:
        with pytest.raises(HostKeyUnknown):
            await workstation.reach(sshd.host())


async def test_another_key_under_the_bare_name_says_nothing_about_this_port(
    workstation: Workstation, sshd: Sshd, known_hosts: Path
) -> None:
    other = keygen(workstation.home / "other")
    known_hosts.write_text(f"127.0.0.1 {key_words(other.with_suffix('.pub'))}\n")
    with pytest.raises(HostKeyUnknown):
        await workstation.reach(sshd.host())


async def test_the_host_key_alias_is_what_counts(workstation: Workstation, sshd: Sshd, known_hosts: Path) -> None:
    workstation.configure("Host *\n  HostKeyAlias web-one\n")
    known_hosts.write_text(f"web-one {key_words(sshd.directory / 'host_ed25519.pub')}\n")
    assert await enters(workstation, sshd)


async def test_several_files_of_ssh_config(workstation: Workstation, sshd: Sshd) -> None:
    sshd.authorize(workstation.public_key)
    (workstation.home / "second").write_text(sshd.known_hosts)
    workstation.configure("UserKnownHostsFile ~/missing ~/second\n")
    assert await enters(workstation, sshd)


async def test_the_settings_files_win_over_ssh_config(workstation: Workstation, sshd: Sshd) -> None:
    workstation.may_enter(sshd)
    (workstation.home / "empty").touch()
    with pytest.raises(HostKeyUnknown, match="empty"):
        await workstation.reach(sshd.host(), known_hosts=("~/empty",))


async def test_a_line_that_comes_later_counts_without_a_restart(
    workstation: Workstation, sshd: Sshd, known_hosts: Path
) -> None:
    access = workstation.access()
    with pytest.raises(HostKeyUnknown):
        await workstation.reach(sshd.host(), access)
    known_hosts.write_text(sshd.known_hosts)
    transport = await workstation.reach(sshd.host(), access)
    assert (await transport.run(HELLO)).stdout == "hello\n"


async def test_a_host_with_more_kinds_of_keys_than_known_is_not_a_changed_one(
    workstation: Workstation, tmp_path: Path
) -> None:
    with running_sshd(tmp_path / "sshd", kinds=("ed25519", "ecdsa", "rsa")) as server:
        server.authorize(workstation.public_key)
        for kind in ("rsa", "ecdsa", "ed25519"):
            known = key_words(server.directory / f"host_{kind}.pub")
            (workstation.ssh / "known_hosts").write_text(f"{server.name} {known}\n")
            assert await enters(workstation, server)


async def test_a_key_of_another_kind_than_known_is_a_changed_key(workstation: Workstation, tmp_path: Path) -> None:
    known_hosts = workstation.ssh / "known_hosts"
    with running_sshd(tmp_path / "sshd", kinds=("ecdsa",)) as server:
        server.authorize(workstation.public_key)
        known_hosts.write_text(f"{server.name} {key_words(keygen(tmp_path / 'old').with_suffix('.pub'))}\n")
        with pytest.raises(HostKeyChanged, match=r"shows ecdsa-sha2-nistp256 SHA256:.* line 1"):
            await workstation.reach(server.host())


class TestCertificates:
    """Hosts that an authority vouches for."""

    @pytest.fixture
    def authority(self, workstation: Workstation) -> Path:
        return keygen(workstation.home / "authority")

    def certify(self, server: Sshd, authority: Path, *options: str) -> None:
        public = server.directory / "host_ed25519.pub"
        sign_key(authority, public, "-h", *options)
        server.extra.append(f"HostCertificate {server.directory}/host_ed25519-cert.pub")
        server.stop()
        server.start()
        server.extra.pop()

    async def test_an_authority_vouches(self, workstation: Workstation, own_sshd: Sshd, authority: Path) -> None:
        own_sshd.authorize(workstation.public_key)
        self.certify(own_sshd, authority, "-n", "127.0.0.1")
        line = f"@cert-authority [127.*]:* {key_words(authority.with_suffix('.pub'))}\n"
        (workstation.ssh / "known_hosts").write_text(line)
        assert await enters(workstation, own_sshd)

    async def test_another_authority_does_not(self, workstation: Workstation, own_sshd: Sshd, authority: Path) -> None:
        self.certify(own_sshd, keygen(workstation.home / "impostor"), "-n", "127.0.0.1")
        line = f"@cert-authority * {key_words(authority.with_suffix('.pub'))}\n"
        (workstation.ssh / "known_hosts").write_text(line)
        with pytest.raises(HostKeyUnknown, match="no @cert-authority line"):
            await workstation.reach(own_sshd.host())

    @pytest.mark.parametrize(
        "options", [("-n", "other.example.com"), ("-n", "127.0.0.1", "-V", "20200101:20200102")], ids=["name", "time"]
    )
    async def test_a_certificate_for_another_name_or_time_is_not_valid(
        self, workstation: Workstation, own_sshd: Sshd, authority: Path, options: tuple[str, ...]
    ) -> None:
        self.certify(own_sshd, authority, *options)
        line = f"@cert-authority * {key_words(authority.with_suffix('.pub'))}\n"
        (workstation.ssh / "known_hosts").write_text(line)
        with pytest.raises(HostKeyUnknown, match=r"host certificate, .*, is not valid"):
            await workstation.reach(own_sshd.host())

    async def test_a_revoked_authority(self, workstation: Workstation, own_sshd: Sshd, authority: Path) -> None:
        self.certify(own_sshd, authority, "-n", "127.0.0.1")
        key = key_words(authority.with_suffix(".pub"))
        (workstation.ssh / "known_hosts").write_text(f"@cert-authority * {key}\n@revoked * {key}\n")
        with pytest.raises(HostKeyChanged, match="REVOKED"):
            await workstation.reach(own_sshd.host())

    @pytest.mark.parametrize("signer", ["authority", "impostor"])
    async def test_a_known_key_makes_up_for_a_certificate_that_does_not_hold(
        self, workstation: Workstation, own_sshd: Sshd, authority: Path, signer: str
    ) -> None:
        workstation.may_enter(own_sshd)
        with (workstation.ssh / "known_hosts").open("a") as known:
            known.write(f"@cert-authority * {key_words(authority.with_suffix('.pub'))}\n")
        self.certify(
            own_sshd,
            authority if signer == "authority" else keygen(workstation.home / signer),
            "-n",
            "other.example.com",
        )
        assert await enters(workstation, own_sshd)

    async def test_a_known_key_is_enough_beside_a_foreign_authority(
        self, workstation: Workstation, own_sshd: Sshd, authority: Path
    ) -> None:
        workstation.may_enter(own_sshd)
        with (workstation.ssh / "known_hosts").open("a") as known:
            known.write(f"@cert-authority * {key_words(authority.with_suffix('.pub'))}\n")
        assert await enters(workstation, own_sshd)


async def test_jump_hosts_are_checked_the_same_way(workstation: Workstation, sshd: Sshd, own_sshd: Sshd) -> None:
    workstation.may_enter(sshd)
    own_sshd.authorize(workstation.public_key)
    jump = f"127.0.0.1:{own_sshd.port}"
    with pytest.raises(HostKeyUnknown, match=r"jump host 127\.0\.0\.1: its host key"):
        await workstation.reach(sshd.host(), jump=jump)
    other = keygen(workstation.home / "other")
    with (workstation.ssh / "known_hosts").open("a") as known:
        known.write(f"{own_sshd.name} {key_words(other.with_suffix('.pub'))}\n")
    with pytest.raises(HostKeyChanged, match="jump host"):
        await workstation.reach(sshd.host(), jump=jump)
