"""Where a connection goes: nixtui.toml first, then ssh_config, then ssh's own defaults."""

import os
import pwd
import socket
from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.remote.destination import Destination, Hop, Resolver
from nixtui.remote.errors import Unreachable
from nixtui.remote.settings import SshSettings
from nixtui.remote.ssh_config import SshConfig

HOME = Path("/home/op")


def destination(
    tmp_path: Path,
    config: str = "",
    host: Host | None = None,
    environ: dict[str, str] | None = None,
    **settings: object,
) -> Destination:
    path = tmp_path / "config"
    path.write_text(config)
    resolver = Resolver(SshSettings(**settings), SshConfig([path], HOME, "op"), environ or {}, HOME)  # type: ignore[arg-type]
    return resolver.host(host or Host(name="web", address="web.example.com"))


def test_defaults_are_those_of_ssh(tmp_path: Path) -> None:
    found = destination(tmp_path)
    assert (found.host, found.port, found.user) == ("web.example.com", 22, "op")
    assert found.known_hosts == (
        HOME / ".ssh/known_hosts",
        HOME / ".ssh/known_hosts2",
        Path("/etc/ssh/ssh_known_hosts"),
        Path("/etc/ssh/ssh_known_hosts2"),
    )
    assert [path.name for path in found.identity_files] == ["id_rsa", "id_ecdsa", "id_ed25519"]
    assert (found.agent, found.hops, found.proxy_command, found.family) == (None, (), None, socket.AF_UNSPEC)


def test_ssh_config_decides_what_the_inventory_leaves_open(tmp_path: Path) -> None:
    config = (
        "HostName %h.internal\nPort 2222\nUser admin\nIdentityFile ~/.ssh/%r@%n\nUserKnownHostsFile ~/k1 ${EXTRA}/k2\n"
        "GlobalKnownHostsFile none\nHostKeyAlias alias\nIdentitiesOnly yes\nBindAddress 10.0.0.9\nAddressFamily inet6\n"
        "Compression yes\nCertificateFile %d/cert.pub\n"
    )
    found = destination(tmp_path, config, environ={"EXTRA": "/extra"})
    assert (found.host, found.port, found.user) == ("web.example.com.internal", 2222, "admin")
    assert found.identity_files == (HOME / ".ssh/admin@web.example.com",)
    assert found.certificate_files == (HOME / "cert.pub",)
    assert found.known_hosts == (HOME / "k1", Path("/extra/k2"))
    assert (found.host_key_alias, found.identities_only, found.compression) == ("alias", True, True)
    assert (found.bind_address, found.family) == ("10.0.0.9", socket.AF_INET6)


def test_the_inventory_and_the_settings_win(tmp_path: Path) -> None:
    config = "Port 2222\nUser admin\nIdentityFile /a\nUserKnownHostsFile /b\nProxyJump other\n"
    found = destination(
        tmp_path,
        config,
        Host(name="web", address="10.0.0.1", port=22022, user="deploy"),
        known_hosts=("~/fleet_hosts",),
        identity_files=("~/fleet_key",),
        jump="me@bastion:2200",
    )
    assert (found.host, found.port, found.user) == ("10.0.0.1", 22022, "deploy")
    assert found.known_hosts == (HOME / "fleet_hosts",)
    assert found.identity_files == (HOME / "fleet_key",)
    assert found.hops == (Hop("bastion", "me", 2200),)


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("bastion", Hop("bastion", None, None)),
        ("me@bastion", Hop("bastion", "me", None)),
        ("me@bastion:2200", Hop("bastion", "me", 2200)),
        ("[2001:db8::1]:2200", Hop("2001:db8::1", None, 2200)),
        ("ssh://me@bastion:2200", Hop("bastion", "me", 2200)),
    ],
)
def test_jump_hosts_are_written_as_for_ssh(tmp_path: Path, text: str, hop: Hop) -> None:
    assert destination(tmp_path, f"ProxyJump {text}\n").hops == (hop,)


@pytest.mark.parametrize("text", ["a:b:c", "me@", "host:"])
def test_a_jump_host_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreachable, match="is not a jump host"):
        destination(tmp_path, jump=text)


def test_a_jump_host_goes_its_own_way_unless_it_follows_another(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("Host first second\n  User jumper\n  ProxyJump zeroth\nHost web\n  ProxyJump first,second\n")
    resolver = Resolver(SshSettings(), SshConfig([path], HOME, "op"), {}, HOME)
    first, second = resolver.host(Host(name="web", address="web")).hops
    assert resolver.hop(first, ()).hops == (Hop("zeroth", None, None),)
    assert resolver.hop(second, (first,)).hops == (first,)
    assert resolver.hop(second, (first,)).user == "jumper"


@pytest.mark.parametrize(
    ("config", "agent"),
    [
        ("", "/run/agent"),
        ("IdentityAgent none\n", None),
        ("IdentityAgent SSH_AUTH_SOCK\n", "/run/agent"),
        ("IdentityAgent $OTHER\n", "/run/other"),
        ("IdentityAgent ~/%r.sock\n", "/home/op/op.sock"),
        ("IdentityAgent ${OTHER}.sock\n", "/run/other.sock"),
    ],
)
def test_the_agent(tmp_path: Path, config: str, agent: str | None) -> None:
    environ = {"SSH_AUTH_SOCK": "/run/agent", "OTHER": "/run/other"}
    assert destination(tmp_path, config, environ=environ).agent == agent


def test_what_known_hosts_calls_it(tmp_path: Path) -> None:
    assert destination(tmp_path, "HostName WEB.Example.com\n").host_key_name == "web.example.com"
    assert destination(tmp_path, "Port 2222\n").host_key_name == "[web.example.com]:2222"
    assert destination(tmp_path, "Port 2222\nHostKeyAlias Web\n").host_key_name == "Web"


def test_addresses_read_well(tmp_path: Path) -> None:
    assert destination(tmp_path).address == "web.example.com:22"
    assert destination(tmp_path, host=Host(name="v6", address="2001:db8::1")).address == "[2001:db8::1]:22"


def test_somebody_elses_home_is_known_to_the_system(tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid())
    found = destination(tmp_path, f"IdentityFile ~{me.pw_name}/key\n")
    assert found.identity_files == (Path(me.pw_dir) / "key",)
