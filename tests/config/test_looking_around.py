"""What is found where nobody has configured anything, and the file that is proposed for it."""

import re
import tomllib
from pathlib import Path

import pytest

from nixtui.config.loading import check_configuration, load_configuration
from nixtui.config.looking_around import Found, look_around
from nixtui.config.proposing import propose, where_to_write, write_new

SSH_CONFIG = """\
# Host commented
Host web-1 web-2 *.shop !bad 10.0.?.1
  User root
Host=db-1
Host "quoted-1"
Host github.com
Host forge
  HostName gitlab.com
Host code
  User git
Match host x
  User git
Include more/*.conf ~/.ssh/missing
Host *
  IdentitiesOnly yes
Host web-1
"""


TOML_LINE = re.compile(r"\[|\]|    \"|\w+ = ")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home/.ssh/more").mkdir(parents=True)
    (tmp_path / "home/.aws").mkdir()
    (tmp_path / "work/deep").mkdir(parents=True)
    return tmp_path / "home"


def look(home: Path, **environ: str) -> Found:
    return look_around(home.parent / "work/deep", {"HOME": str(home), **environ})


def test_nothing_is_found_where_nothing_is(home: Path) -> None:
    found = look(home)
    assert (found.flake, found.ssh_hosts, found.aws_profiles) == (None, (), ())
    assert look_around(home, {}) == Found(home)


def test_names_of_ssh_hosts_are_names_and_no_patterns_or_forges(home: Path) -> None:
    (home / ".ssh/config").write_text(SSH_CONFIG)
    (home / ".ssh/more/a.conf").write_text("Host cache-1\nInclude more/a.conf\n")
    assert look(home).ssh_hosts == ("web-1", "web-2", "db-1", "quoted-1", "cache-1")


def test_of_aws_profiles_there_are_names_and_never_values(home: Path) -> None:
    (home / ".aws/config").write_text("[default]\nregion = x\n[profile shop]\n[sso-session corp]\n[profile 'a b']\n")
    (home / ".aws/credentials").write_text("[ci]\naws_secret_access_key = hunter2\n[shop]\n")
    found = look(home)
    assert found.aws_profiles == ("default", "shop", "a b", "ci")
    assert "hunter2" not in propose(found)
    elsewhere = home / "elsewhere"
    elsewhere.write_text("[profile other]\n")
    assert "other" in look(home, AWS_CONFIG_FILE=str(elsewhere)).aws_profiles


def test_what_cannot_be_read_is_not_found(home: Path) -> None:
    (home / ".ssh/config").mkdir()
    (home / ".aws/config").write_bytes(b"\xff\xfe[\x00 \x1b[31mprofile\n[profile \x1b[31m]\n")
    assert (look(home).ssh_hosts, look(home).aws_profiles) == ((), ())


@pytest.mark.parametrize("flake", [False, True])
@pytest.mark.parametrize("hosts", [(), ("web-1", "db.example"), tuple(f"h{n}" for n in range(300))])
@pytest.mark.parametrize("profiles", [(), ("default", 'a "b"')])
def test_every_proposal_is_a_configuration_with_nothing_wrong(
    flake: bool, hosts: tuple[str, ...], profiles: tuple[str, ...], home: Path
) -> None:
    work = home.parent / "work"
    if flake:
        (work / "flake.nix").touch()
    found = Found(work / "deep", work if flake else None, hosts, profiles)
    path = where_to_write(found)
    write_new(path, propose(found))
    assert path.parent == (work if flake else work / "deep")
    assert check_configuration(path.parent, {}, path) == ()
    assert tuple(load_configuration(path.parent, {}, path).hosts) == (() if flake else hosts)


def test_what_is_only_shown_is_right_as_well_when_it_is_uncommented(home: Path) -> None:
    lines = propose(Found(home, None, (), ("shop",))).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("# [hosts"))
    shown = [line.removeprefix("# ") for line in lines[first:]]
    document = tomllib.loads("\n".join(line for line in shown if TOML_LINE.match(line)))
    assert document["hosts"]["web-1"]["tags"] == {"env": "prod", "role": "web"}
    assert document["environments"]["prod"] == {"match": "tag:env=prod", "confirm": "type"}
    assert document["ec2"]["profile"] == "shop"


def test_a_file_that_is_there_is_never_overwritten(home: Path) -> None:
    path = home / "nixtui.toml"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        write_new(path, "yours")
    path.unlink()
    path.symlink_to(home / "nowhere")
    with pytest.raises(FileExistsError):
        write_new(path, "yours")
    assert not (home / "nowhere").exists()
