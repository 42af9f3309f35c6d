"""ssh_config means here what it means to ssh: every answer is held against `ssh -G`."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from nixtui.remote.ssh_config import Asked, SshConfig, SshConfigError

LOCAL_USER = pwd.getpwuid(os.getuid()).pw_name
HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
"""ssh looks the home directory up there, whatever $HOME says."""


def ssh_says(config: Path, host: str, *options: str) -> dict[str, list[str]]:
    """What `ssh -G` prints, one list of values per keyword."""
    done = subprocess.run(
        ["ssh", "-G", "-F", str(config), *options, host], check=True, capture_output=True, text=True, timeout=10
    )
    said: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        said.setdefault(keyword, []).append(value)
    return said


def asked(config: Path, host: str, user: str | None = None, port: int | None = None) -> Asked:
    return SshConfig([config], HOME, LOCAL_USER).lookup(host, user, port)


CONFIGS = {
    "first value wins": """
        Host web
          User first
          Port 2222
        Host *
          User second
          Port 1
          HostName fallback.example.com
    """,
    "identity files add up": """
        Host web
          IdentityFile /keys/one
        Host *
          IdentityFile /keys/two
          CertificateFile /keys/two-cert.pub
    """,
    "patterns": """
        Host w?b !web
          User not-me
        Host *b w*,x
          User me
        Host web-*.example.com !web-2.example.com db
          Port 99
    """,
    "tokens in the host name": """
        Host web db
          HostName %h.example.com
        Host *
          HostName 100%%.example.com
    """,
    "syntax": """
        # a comment
        hostname=quoted.example.com
        USER = "some body"
           Port    4022   # trailing comment
        UserKnownHostsFile /k1 /k2
        ProxyCommand nc -x "a b" %h %p  # not a comment
    """,
    "jump or command, the first wins": """
        Host web
          ProxyCommand nc %h %p
        Host *
          ProxyJump bastion
    """,
    "no jump for some": """
        Host web
          ProxyJump none
        Host *
          ProxyJump me@bastion:2200,other
    """,
    "match": """
        Match host web,db user root
          Port 1111
        Match originalhost web
          HostName web.example.com
        Match host web.example.com
          Port 2222
        Match !host web
          BindAddress 127.0.0.1
        Match user nobody
          User never
        Match all
          Compression yes
    """,
    "match exec": """
        Match exec "test %h = web"
          Port 1111
        Match exec false
          Port 2222
        Match !exec "test %n = web"
          Port 3333
    """,
    "match final": """
        Match final host web.example.com
          HostKeyAlias canonical
        Match final !host web.example.com
          HostKeyAlias other
        Host web.example.com
          User from-second-pass
        Host web
          HostName web.example.com
    """,
    "match local user": f"""
        Match localuser {LOCAL_USER}
          Port 1111
        Match localuser somebody-else
          User never
    """,
    "include": """
        Host web
          Include {folder}/web-*.conf
          Port 22222
        Include {folder}/missing.conf
        Include {folder}/everywhere.conf
        Host *
          User last
    """,
    "an included block ends with its file": """
        Include {folder}/block.conf
        User outside
    """,
}


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "web-1.conf").write_text("Port 1001\nHost db\n  User never\n")
    (tmp_path / "web-2.conf").write_text("Port 1002\nHostName included.example.com\n")
    (tmp_path / "everywhere.conf").write_text("Host web\n  BindAddress 127.0.0.9\nHost *\n  AddressFamily inet\n")
    (tmp_path / "block.conf").write_text("Host db\n  Port 1234\n")
    path = tmp_path / "config"
    path.write_text(CONFIGS[request.param].replace("{folder}", str(tmp_path)))
    return path


@pytest.mark.parametrize("host", ["web", "db", "wob", "web-1.example.com", "web-2.example.com", "10.0.0.1"])
def test_the_answers_are_those_of_ssh(config: Path, host: str) -> None:
    said = ssh_says(config, host)
    ours = asked(config, host)
    assert ours.hostname == said["hostname"][0]
    assert ours.user == said["user"][0]
    assert (ours.first("port") or "22") == said["port"][0]
    for keyword in ("identityfile", "certificatefile", "hostkeyalias", "bindaddress", "addressfamily", "compression"):
        if keyword in ours.values:
            assert list(ours.values[keyword]) == said[keyword]
        else:
            assert keyword not in ("hostkeyalias", "certificatefile", "bindaddress") or keyword not in said
    for keyword in ("proxyjump", "proxycommand"):
        value = ours.first(keyword)
        assert said.get(keyword, ["none"]) == [value or "none"]
    if "userknownhostsfile" in ours.values:
        assert " ".join(ours.values["userknownhostsfile"]) == said["userknownhostsfile"][0]


def test_what_the_command_line_gives_wins(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Match user me\n  HostKeyAlias mine\nHost *\n  User other\n  Port 1\n")
    said = ssh_says(config, "web", "-l", "me", "-p", "2222")
    ours = asked(config, "web", "me", 2222)
    assert (ours.user, ours.first("port"), ours.first("hostkeyalias")) == (
        said["user"][0],
        said["port"][0],
        said["hostkeyalias"][0],
    )


def test_files_come_in_order_and_missing_ones_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "user").write_text("User first\n")
    (tmp_path / "system").write_text("User second\nPort 22022\n")
    found = SshConfig([tmp_path / "user", tmp_path / "gone", tmp_path / "system"], HOME, LOCAL_USER).lookup("web")
    assert (found.user, found.first("port")) == ("first", "22022")


def test_a_changed_or_new_file_makes_the_answers_stale(tmp_path: Path) -> None:
    main, included = tmp_path / "config", tmp_path / "included"
    main.write_text(f"Include {included}\n")
    included.write_text("User one\n")
    config = SshConfig([main, tmp_path / "later"], HOME, LOCAL_USER)
    assert not config.is_stale
    os.utime(included, ns=(1, 1))
    assert config.is_stale
    config = SshConfig([main, tmp_path / "later"], HOME, LOCAL_USER)
    (tmp_path / "later").touch()
    assert config.is_stale


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Host web\nUser\n", "config:2: 'User' has no value"),
        ('HostName "half\n', "config:1: No closing quotation"),
        ("\n\nMatch host\n", "config:3: Match host needs a value"),
        ("Match weather sunny\n", "config:1: Match weather is not known"),
    ],
)
def test_nonsense_is_told_with_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(SshConfigError, match=complaint):
        SshConfig([path], HOME, LOCAL_USER)


def test_an_include_of_itself_comes_to_an_end(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f"Include {path}\nUser me\n")
    assert SshConfig([path], HOME, LOCAL_USER).lookup("web").user == "me"
