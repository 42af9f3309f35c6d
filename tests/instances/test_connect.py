"""A session on an instance by each of its doors, on the command line: a real ssh, a real sshd, keys that are pushed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Shell, shell
from tests.instances.fake_doors import TOKEN, FakeDoors
from tests.instances.fake_machines import Machine, a_shell, listed
from tests.remote.sshd import USER, Sshd, descendants, keygen, running_sshd
from tests.remote.test_host_keys import fingerprint
from tests.terminal.terminal import Terminal, terminal

__all__ = ["shell"]

WEB = "i-0a1b2c3d4e5f60718"
SERIAL = "serial-console.ec2-instance-connect.eu-central-1.aws"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Sshd]:
    """An sshd that asks EC2 Instance Connect for keys: they are in a file of their own."""
    folder = tmp_path / "instance"
    files = f"AuthorizedKeysFile {folder}/authorized_keys {folder}/pushed"
    with running_sshd(folder, files) as server:
        yield server


@pytest.fixture
def fake(shell: Shell, instance: Sshd) -> Iterator[FakeDoors]:
    """The instance `web-1` is that sshd, and its console shows the host key; nobody here has a key of it."""
    shown = "SHA256:" + fingerprint(instance.directory / "host_ed25519.pub").partition("SHA256:")[2]
    # short, as the paths of sockets have to be, and the test's own
    temporary = Path(tempfile.mkdtemp(prefix="doors-", dir="/tmp"))
    shell.environ["TMPDIR"] = str(temporary)
    machine = Machine(WEB, "web-1", "127.0.0.1", console=listed((shown, "ED25519")))
    with FakeDoors(machine, pushed=instance.directory / "pushed") as running:
        shell.environ.update(running.environ)
        known = shell.directory / "known_hosts"
        config = shell.directory / "ssh_config"
        config.write_text(
            f"Host 127.0.0.1\n  Port {instance.port}\nHost *\n  UserKnownHostsFile {known}\n  IdentityFile none\n"
        )
        shell.configure(f'[fleet]\nsources = ["file"]\n[ssh]\nconfig = "{config}"\nconnect_timeout = "5s"\n')
        yield running
    shutil.rmtree(temporary)


def connect(shell: Shell, *more: str) -> Ended:
    return shell.run("instance", "connect", "web-1", "--user", USER, *more)


def plugin(shell: Shell, version: str = "1.2.707.0", then: str = "exit 0") -> Path:
    """A stand-in for AWS's plugin, that writes down what it is given; what it is asked first is its version."""
    folder = shell.directory / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "session-manager-plugin"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo {version}; exit; }}\n'
        f'tr "\\0" "\\n" < /proc/$$/cmdline > {folder}/argv\n'
        f'printf %s "$AWS_SSM_START_SESSION_RESPONSE" > {folder}/response\n{then}\n'
    )
    program.chmod(0o755)
    shell.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    return folder


def agents_folders(shell: Shell) -> list[Path]:
    return list(Path(shell.environ["TMPDIR"]).iterdir())


def in_terminal(shell: Shell) -> AbstractContextManager[Terminal]:
    """A terminal in the folder of the fleet, with its environment."""
    environ = {**shell.environ, "PATH": f"{Path(sys.executable).parent}:{shell.environ['PATH']}"}
    return terminal(shell.directory, environ=environ)


# A pushed key


def test_a_pushed_key_opens_a_real_session_and_is_gone_afterwards(
    shell: Shell, fake: FakeDoors, instance: Sshd
) -> None:
    with in_terminal(shell) as window:
        window.write(f"nixtui instance connect web-1 --door instance-connect --user {USER}\n")
        seen = window.until_shown("Go on? [y/N]")
        flat = " ".join(seen.split())
        assert "ec2-instance-connect:SendSSHPublicKey in eu-central-1" in flat
        assert "its console shows the same" in flat
        assert fake.asked == []
        window.write("y\n")
        window.until_shown("SendSSHPublicKey ✔")
        window.write("echo it-is-$((40+2)); tty\n")
        window.until_shown("it-is-42", "/dev/pts/")
        window.write("(echo asleep-$((1+1)); exec sleep 300)\n")
        window.until_shown("asleep-2")  # sooner it would be the shell's that is about to start it
        window.send("C-c")  # is the session's, and ends neither it nor nixtui
        window.write("\necho still-$((1+1))\n")
        window.until_shown("still-2")
        (folder,) = agents_folders(shell)
        assert (folder.stat().st_mode & 0o777, sorted(each.name for each in folder.iterdir())) == (
            0o700, ["agent", "known_hosts"],
        )  # fmt: skip
        window.write("exit 7\n")
        window.until_shown("exit 7")
        window.write("echo ended-$?\n")
        window.until_shown("ended-7")
    assert not agents_folders(shell)
    ((action, asked),) = fake.asked
    assert (action, asked["InstanceId"], asked["InstanceOSUser"]) == ("SendSSHPublicKey", WEB, USER)
    assert not (shell.directory / "known_hosts").exists()
    (entry,) = shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"], entry["targets"]) == ("instance-connect", "committed", ["web-1"])


def test_without_a_terminal_the_session_ends_with_its_input(shell: Shell, fake: FakeDoors) -> None:
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert ended.code == 0, ended.err
    assert "SendSSHPublicKey ✔" in ended.err


def test_a_key_that_nobody_asks_for_is_said_to_be_that(shell: Shell, fake: FakeDoors) -> None:
    fake.files["SendSSHPublicKey"] = None  # the image of NixOS: it reads authorized_keys only
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert ended.code == 255
    assert "the image has to ask EC2 Instance Connect for keys" in ended.err


def test_the_key_is_nowhere_but_in_memory(shell: Shell, fake: FakeDoors, tmp_path: Path) -> None:
    """Every byte that any process of it writes or is started with, on what the private half would look like."""
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    kept = tmp_path / "known-to-the-test"
    kept.write_bytes(key.export_private_key())
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import sys, asyncssh\n"
        f"key = asyncssh.read_private_key({str(kept)!r})\n"
        "asyncssh.generate_private_key = lambda kind: key\n"
        "from nixtui.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    trace = tmp_path / "trace"
    calls = "trace=write,writev,pwrite64,sendto,sendmsg,sendmmsg,execve"
    words = ["instance", "connect", "web-1", "--user", USER, "--door", "instance-connect", "--yes"]
    ended = subprocess.run(
        ["strace", "-f", "-xx", "-s", "1000000", "-e", calls, "-o", str(trace), sys.executable, str(driver), *words],
        cwd=shell.directory, env=shell.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert fake.asked[0][1]["SSHPublicKey"].split()[1] in key.export_public_key().decode()
    written = trace.read_text().replace("\\x", "")
    seed = key.pyca_key.private_bytes_raw()
    assert key.public_data[-32:].hex() in written  # so that what is looked for would be found
    for secret in (seed, seed.hex().encode(), b"PRIVATE KEY"):
        assert secret.hex() not in written


def test_whoever_comes_after_the_minute_is_not_let_in_and_exits_as_ssh_does(
    shell: Shell, fake: FakeDoors, instance: Sshd
) -> None:
    fake.key_lives_s = 0.0
    program = shell.directory / "bin" / "ssh"
    program.parent.mkdir()
    pushed = instance.directory / "pushed"
    program.write_text(f'#!/bin/sh\nwhile [ -s {pushed} ]; do sleep 0.05; done\nexec /usr/bin/ssh "$@"\n')
    program.chmod(0o755)
    shell.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert (ended.code, "Permission denied" in ended.err) == (255, True)


def test_nixtui_killed_in_the_session_leaves_no_agent(shell: Shell, fake: FakeDoors) -> None:
    with in_terminal(shell) as window:
        window.write(f"nixtui instance connect web-1 --door instance-connect --user {USER} --yes\n")
        window.until_shown("SendSSHPublicKey ✔")
        window.write("echo it-is-$((40+2))\n")
        window.until_shown("it-is-42")
        (folder,) = agents_folders(shell)
        answers = socket.socket(socket.AF_UNIX)
        answers.connect(str(folder / "agent"))
        answers.close()
        (nixtui,) = [each for each in descendants(window.process()) if _is_nixtui(each)]
        assert [_name(each) for each in descendants(nixtui)] == ["ssh"]  # no agent of its own
        os.kill(nixtui, signal.SIGKILL)
        window.until_shown("Killed")
        with pytest.raises(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as refused:
            refused.connect(str(folder / "agent"))
    cut_off = shell.run("journal", "--json").json
    assert cut_off[0]["kind"] == "instance-connect"


def test_ended_by_a_signal_it_ends_its_ssh_and_says_so(shell: Shell, fake: FakeDoors) -> None:
    with in_terminal(shell) as window:
        window.write(f"nixtui instance connect web-1 --door instance-connect --user {USER} --yes; echo code-$?\n")
        window.until_shown("SendSSHPublicKey ✔")
        window.write("echo it-is-$((40+2))\n")
        window.until_shown("it-is-42")
        (nixtui,) = [each for each in descendants(window.process()) if _is_nixtui(each)]
        os.kill(nixtui, signal.SIGTERM)
        window.until_shown("nixtui was told to end it", "code-130")
        window.write("echo seen-$((1+1))\n")  # the terminal is as it was
        window.until_shown("echo seen-$((1+1))", "seen-2")
        assert descendants(window.process()) == []
    assert not agents_folders(shell)


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _is_nixtui(pid: int) -> bool:
    return b"instance\0connect" in _command(pid)


def test_a_host_key_that_the_console_does_not_confirm_closes_the_door(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].console = ""
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert (ended.code, fake.asked) == (3, [])
    assert "shows no host keys (yet)" in ended.err
    other = "SHA256:9hPksPsKffQHey0dtyLgafqhA1rfKW8mjYBj1s12Pr4"
    fake.machines[WEB].console = listed((other, "ED25519"))
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert (ended.code, "SAYS OTHERWISE" in ended.err, fake.asked) == (3, True, [])


def test_a_changed_host_key_closes_it_whatever_the_console_says(
    shell: Shell, fake: FakeDoors, instance: Sshd, tmp_path: Path
) -> None:
    from tests.remote.sshd import key_words

    other = keygen(tmp_path / "other")
    (shell.directory / "known_hosts").write_text(f"{instance.name} {key_words(other.with_name('other.pub'))}\n")
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert (ended.code, "THE HOST KEY HAS CHANGED" in ended.err, fake.asked) == (3, True, [])


def test_who_may_not_push_keys_is_given_the_statement(shell: Shell, fake: FakeDoors) -> None:
    fake.denied.add("SendSSHPublicKey")
    ended = connect(shell, "--door", "instance-connect", "--yes")
    assert ended.code == 1
    assert '"Action": ["ec2-instance-connect:SendSSHPublicKey"]' in ended.err
    (entry,) = shell.run("journal", "--json").json
    assert entry["outcome"] == "failed"


# Which door


def test_a_dry_run_shows_door_calls_and_command_and_does_nothing(shell: Shell, fake: FakeDoors) -> None:
    ended = connect(shell, "--dry-run")
    assert ended.code == 0, ended.err
    assert "✗ SSH: it is no host of this fleet" in ended.out
    assert "✗ Session Manager: session-manager-plugin is not installed here" in ended.out
    assert "running → EC2 Instance Connect" in ended.out
    assert "SendSSHPublicKey in eu-central-1 InstanceId=" in ended.out
    assert "IdentityAgent=(nixtui itself)" in ended.out
    told = connect(shell, "--dry-run", "--json").json
    assert [step["title"] for step in told["steps"]][-1] == "open it"
    assert (fake.asked, shell.run("journal", "--json").json) == ([], [])
    assert connect(shell, "--json").code == 2


def test_what_is_read_only_is_not_entered(shell: Shell, fake: FakeDoors) -> None:
    refused = shell.run(
        "--read-only", "instance", "connect", "web-1", "--user", USER, "--door", "instance-connect", "--yes"
    )
    assert (refused.code, "nixtui runs read-only" in refused.err, fake.asked) == (5, True, [])
    config = (shell.directory / "nixtui.toml").read_text()
    closed = '[hosts.web-1]\naddress = "127.0.0.1"\n[environments.prod]\nmatch = "web-1"\nread_only = true\n'
    shell.configure(config + closed)
    refused = connect(shell, "--door", "instance-connect", "--yes")
    assert (refused.code, "environment prod is read-only" in refused.err, fake.asked) == (5, True, [])


def test_a_host_of_the_fleet_is_entered_by_plain_ssh_first(shell: Shell, fake: FakeDoors, instance: Sshd) -> None:
    key = keygen(shell.directory / "key")
    instance.authorize(key.with_name("key.pub"))
    (shell.directory / "known_hosts").write_text(instance.known_hosts)
    config = (shell.directory / "nixtui.toml").read_text().replace("[ssh]", f'[ssh]\nidentity_files = ["{key}"]')
    shell.configure(config + f'[hosts.web-1]\naddress = "127.0.0.1"\nuser = "{USER}"\n')
    ended = shell.run("instance", "connect", "web-1", "--yes")
    assert ended.code == 0, ended.err
    assert "by SSH" in ended.err
    assert fake.asked == []


def test_a_bastion_is_one_that_ssh_config_leads_over(shell: Shell, fake: FakeDoors, instance: Sshd) -> None:
    ended = connect(shell, "--door", "bastion", "--yes")
    assert (ended.code, "no ProxyJump of ssh_config and no [ssh] jump leads to 127.0.0.1" in ended.err) == (3, True)
    key = keygen(shell.directory / "key")
    instance.authorize(key.with_name("key.pub"))
    with running_sshd(shell.directory / "bastion") as bastion:
        bastion.authorize(key.with_name("key.pub"))
        (shell.directory / "known_hosts").write_text(
            instance.known_hosts + bastion.known_hosts.replace(bastion.name, "the-bastion")
        )
        (shell.directory / "ssh_config").write_text(
            f"Host the-bastion\n  HostName 127.0.0.1\n  Port {bastion.port}\n  HostKeyAlias the-bastion\n"
            f"Host 127.0.0.1\n  Port {instance.port}\n  ProxyJump the-bastion\n"
            f"Host *\n  User {USER}\n  IdentityFile {key}\n  UserKnownHostsFile {shell.directory}/known_hosts\n"
        )
        ended = connect(shell, "--door", "bastion", "--yes")
        assert ended.code == 0, ended.err
        assert "by the-bastion" in ended.err
        assert "Accepted publickey" in bastion.log


@pytest.mark.parametrize("state", ["stopped", "stopping", "pending"])
def test_one_that_does_not_run_has_no_door(shell: Shell, fake: FakeDoors, state: str) -> None:
    fake.machines[WEB].state = state
    ended = connect(shell, "--yes")
    assert (ended.code, fake.asked) == (3, [])
    assert f"web-1 is {state}" in ended.err
    assert f"nixtui instance console {WEB}" in ended.err


def test_without_ssh_it_is_one_sentence(shell: Shell, fake: FakeDoors) -> None:
    shell.environ["PATH"] = str(shell.directory)
    for door in ("instance-connect", "serial"):
        ended = connect(shell, "--door", door, "--yes")
        assert (ended.code, "there is no ssh program" in ended.err, fake.asked) == (2, True, []), ended.err


# Session Manager


def test_session_manager_is_entered_by_the_plugin_and_its_token_is_no_argument(shell: Shell, fake: FakeDoors) -> None:
    import json

    fake.machines[WEB].execute = a_shell("sh")
    folder = plugin(shell, then="exit 9")
    ended = shell.run("instance", "connect", "web-1", "--yes", "--reason", "disk full\nagain")
    assert ended.code == 9, ended.err
    argv = (folder / "argv").read_text().splitlines()[2:]  # behind sh and the script
    endpoint = fake.environ["AWS_ENDPOINT_URL"]
    asked = {"Target": WEB, "Reason": "disk full again"}
    assert argv == [
        "AWS_SSM_START_SESSION_RESPONSE", "eu-central-1", "StartSession", "", json.dumps(asked), endpoint,
    ]  # fmt: skip
    told = json.loads((folder / "response").read_text())
    assert (told["TokenValue"], sorted(told)) == (TOKEN, ["SessionId", "StreamUrl", "TokenValue"])
    assert fake.asked == [("StartSession", asked)]
    assert (fake.sessions, fake.ended) == (set(), [told["SessionId"]])
    journal = (Path(shell.environ["XDG_STATE_HOME"]) / "nixtui" / "journal.db").read_bytes()
    for said in (ended.out.encode(), ended.err.encode(), journal):
        assert TOKEN.encode() not in said


def test_the_keys_of_the_plugin_are_its_own(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].execute = a_shell("sh")
    plugin(shell, then="trap 'echo got-INT' INT; trap 'echo got-QUIT' QUIT; trap 'echo got-TSTP' TSTP; "
           'echo begun; while :; do read -r line; [ "$line" = end ] && exit 4; done')  # fmt: skip
    with in_terminal(shell) as window:
        window.write("nixtui instance connect web-1 --door session-manager --yes; echo code-$?\n")
        window.until_shown("begun")
        for key, name in (("C-c", "INT"), ("C-\\", "QUIT"), ("C-z", "TSTP")):
            window.send(key)
            window.send("Enter")
            window.until_shown(f"got-{name}")
        window.write("end\n")
        window.until_shown("code-4")
    assert fake.sessions == set()


def test_ended_by_a_signal_it_ends_the_session_at_aws_as_well(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].execute = a_shell("sh")
    folder = plugin(shell, then="exec sleep 300")
    process = shell.start("instance", "connect", "web-1", "--door", "session-manager", "--yes")
    end = time.monotonic() + 30
    while not (folder / "response").exists() or not (folder / "response").stat().st_size:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, "told to end it" in told) == (130, True), told
    assert (fake.sessions, len(fake.ended)) == (set(), 1)


def test_a_plugin_that_is_ended_leaves_a_terminal_that_shows_what_is_typed(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].execute = a_shell("sh")
    plugin(shell, then="stty -echo -icanon; echo begun; exec sleep 300")
    with in_terminal(shell) as window:
        window.write("nixtui instance connect web-1 --door session-manager --yes; echo code-$?\n")
        window.until_shown("begun")
        (nixtui,) = [each for each in descendants(window.process()) if _is_nixtui(each)]
        os.kill(nixtui, signal.SIGTERM)
        window.until_shown("code-130")
        window.write("echo seen-$((1+1))\n")
        window.until_shown("echo seen-$((1+1))", "seen-2")


@contextmanager
def linked_plugin(shell: Shell) -> Iterator[Callable[[], None]]:
    """A plugin in the middle of a full screen, with a link to somewhere; what is given cuts the link.

    As AWS's own it then says so and ends with 0.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = (
            "import socket, sys\n"
            f"link = socket.create_connection({server.getsockname()!r})\n"
            "print('\\33[?1049h\\33[?1000h\\33[?1006h\\33[?25l\\33[?2004h\\33[31min a screen', flush=True)\n"
            "link.recv(1)\n"
            "print('Session: me-1 timed out.')\n"
        )
        script = shell.directory / "linked.py"
        script.write_text(body)
        plugin(shell, then=f"stty raw -echo; exec {sys.executable} {script}")
        taken: list[socket.socket] = []

        def cut() -> None:
            taken.append(server.accept()[0])
            taken[0].shutdown(socket.SHUT_RDWR)

        yield cut
        for each in taken:
            each.close()


def sane(window: Terminal) -> None:
    """What is typed is seen and understood, on the screen where one began, with a cursor and without a mouse."""
    window.write("echo seen-$((1+1))\n")
    window.until_shown("echo seen-$((1+1))", "seen-2")
    flags = ("alternate_on", "cursor_flag", "mouse_any_flag", "mouse_sgr_flag", "keypad_cursor_flag")
    assert window.flags(*flags) == ["0", "1", "0", "0", "0"]
    assert "\x1b[31m" not in window.shown(styled=True).partition("seen-2")[2]


@pytest.mark.parametrize("aws_is_there", [True, False])
def test_a_session_whose_link_is_cut_is_said_to_be_that_and_leaves_a_sane_terminal(
    shell: Shell, fake: FakeDoors, aws_is_there: bool
) -> None:
    fake.machines[WEB].execute = a_shell("sh")
    fake.plugins_leave = False
    with linked_plugin(shell) as cut, in_terminal(shell) as window:
        window.write("nixtui instance connect web-1 --door session-manager --yes; echo code-$?\n")
        window.until_shown("in a screen")
        if not aws_is_there:
            fake.close()
        (identity,) = fake.sessions
        cut()
        flat = "".join(window.until_shown("code-3").split())  # the terminal folds lines within words
        if aws_is_there:
            said = (
                "the link was lost: session-manager-plugin ended and nobody had left the session; it was ended at AWS"
            )
        else:
            said = f"reached any more; {identity} ends there when it is idle"
            assert f"awsssmterminate-session--session-id{identity}--regioneu-central-1" in flat
        assert "".join(said.split()) in flat
        sane(window)
    assert fake.sessions == (set() if aws_is_there else {identity})
    (entry,) = shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"], entry["finished_at"] is None) == ("instance-connect", "unreachable", False)


def test_a_plugin_that_is_killed_is_said_to_be_that_and_leaves_a_sane_terminal(shell: Shell, fake: FakeDoors) -> None:
    fake.machines[WEB].execute = a_shell("sh")
    with linked_plugin(shell), in_terminal(shell) as window:
        window.write("nixtui instance connect web-1 --door session-manager --yes; echo code-$?\n")
        window.until_shown("in a screen")
        (started,) = [each for each in descendants(window.process()) if b"linked.py" in _command(each)]
        os.kill(started, signal.SIGKILL)
        flat = "".join(window.until_shown("code-137").split())
        assert "session-manager-pluginwasendedbySIGKILL;itwasendedatAWS" in flat
        sane(window)
    assert (fake.sessions, len(fake.ended)) == (set(), 1)
    (entry,) = shell.run("journal", "--json").json
    assert entry["outcome"] == "unreachable"


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1.2.497.0", "takes the session's token as an argument"),
        ("1.2.7", "takes the session's token as an argument"),
        ("what?", "does not say which version it is"),
    ],
)
def test_a_plugin_that_wants_the_token_as_an_argument_is_not_started(
    shell: Shell, fake: FakeDoors, version: str, why: str
) -> None:
    fake.machines[WEB].execute = a_shell("sh")
    folder = plugin(shell, version=f"'{version}'")
    ended = connect(shell, "--door", "session-manager", "--yes")
    assert (ended.code, why in ended.err, fake.asked) == (2, True, []), ended.err
    assert not (folder / "argv").exists()


def test_without_plugin_or_agent_it_is_one_sentence(shell: Shell, fake: FakeDoors) -> None:
    ended = connect(shell, "--door", "session-manager", "--yes")
    assert (ended.code, "session-manager-plugin is not installed here" in ended.err) == (2, True)
    plugin(shell)
    ended = connect(shell, "--door", "session-manager", "--yes")
    assert (ended.code, "its SSM agent never registered" in ended.err, fake.asked) == (3, True, [])
    fake.machines[WEB].execute = a_shell("sh")
    fake.machines[WEB].ping = "ConnectionLost"
    ended = connect(shell, "--door", "session-manager", "--yes")
    assert (ended.code, "its SSM agent is ConnectionLost" in ended.err, fake.asked) == (3, True, [])
    fake.machines[WEB].ping = "Online"
    fake.denied.add("StartSession")
    ended = connect(shell, "--door", "session-manager", "--yes")
    assert (ended.code, '"Action": ["ssm:StartSession"]' in ended.err) == (1, True), ended.err


# The serial console


def test_the_serial_console_is_entered_with_a_pushed_key_once_its_host_key_was_looked_at(
    shell: Shell, fake: FakeDoors, tmp_path: Path
) -> None:
    user = f"{WEB}.port0"
    with running_sshd(tmp_path / "serial", f"AuthorizedKeysFile {tmp_path}/serial/pushed") as serial:
        fake.files["SendSerialConsoleSSHPublicKey"] = serial.directory / "pushed"
        # sshd lets in only who has an account here: an alias says who that is, as ssh takes the first that it finds
        program = shell.directory / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(
            '#!/bin/sh\nprintf "%s\\n" "$@" > ' + f"{program.parent}/argv\n"
            'for each; do shift; [ "$each" = ' + f"{user} ] && each={USER}" + '; set -- "$@" "$each"; done\n'
            'exec /usr/bin/ssh "$@"\n'
        )
        program.chmod(0o755)
        shell.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
        with (shell.directory / "ssh_config").open("a") as config:
            config.write(f"Host {SERIAL}\n  HostName 127.0.0.1\n  Port {serial.port}\n  StrictHostKeyChecking no\n")
        with in_terminal(shell) as window:
            window.write("nixtui instance connect web-1 --door serial\n")
            window.until_shown("Go on? [y/N]")
            window.write("y\n")
            seen = window.until_shown("Are you sure you want to continue connecting")
            shown = fingerprint(serial.directory / "host_ed25519.pub").partition("SHA256:")[2]
            assert shown in seen.replace("\n", "")
            assert "connect-to-serial-console.html" in seen.replace("\n", "")
            window.write("yes\n")
            window.until_shown("Permanently added")
            window.write("echo it-is-$((40+2)); exit 3\n")
            window.until_shown("it-is-42", "exit 3")
        argv = (program.parent / "argv").read_text().splitlines()
        assert argv[-4:] == ["-l", user, "--", SERIAL]
        assert "StrictHostKeyChecking=ask" in argv
    ((action, asked),) = fake.asked
    assert (action, asked["SerialPort"]) == ("SendSerialConsoleSSHPublicKey", 0)


def test_a_serial_console_that_is_not_there_is_no_door(shell: Shell, fake: FakeDoors) -> None:
    fake.serial_is_allowed = False
    ended = connect(shell, "--door", "serial", "--yes")
    assert (ended.code, "off for the account" in ended.err, fake.asked) == (3, True, [])
    fake.serial_is_allowed, fake.machines[WEB].nitro = True, False
    ended = connect(shell, "--door", "serial", "--yes")
    assert (ended.code, "not built on Nitro" in ended.err, fake.asked) == (3, True, [])
