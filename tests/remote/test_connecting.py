"""The ways to a host, and what is said when one does not lead there: against real servers and real sockets."""

# ruff: noqa: ASYNC240 - what a test prepares may block it

import asyncio
import contextlib
import os
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.model.status import HostState
from nixtui.remote.errors import AuthenticationFailed, BadAnswer, RemoteError, Unreachable
from nixtui.remote.transport import Script
from tests.remote.sshd import USER, Sshd, descendants, free_port, keygen, running_sshd
from tests.remote.workstation import Workstation

HELLO = Script("hello", "echo hello")


async def enters(workstation: Workstation, host: Host, **settings: object) -> bool:
    transport = await workstation.reach(host, **settings)
    return (await transport.run(HELLO)).stdout == "hello\n"


class TestSshConfig:
    """Hosts are reached as `ssh NAME` would."""

    async def test_host_name_port_and_user(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        workstation.configure(f"Host web-1\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {USER}\n")
        assert await enters(workstation, Host(name="the web", address="web-1"))

    async def test_what_the_inventory_says_wins(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        workstation.configure("Host *\n  Port 1\n  User nobody\n")
        assert await enters(workstation, sshd.host())

    async def test_identity_file(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.trust(sshd)
        key = keygen(workstation.home / "keys" / f"for {USER}")
        sshd.authorize(key.with_name(key.name + ".pub"))
        workstation.configure('Host 127.0.0.1\n  IdentityFile "~/keys/for %r"\n')
        assert await enters(workstation, sshd.host())

    async def test_the_settings_identity_files_win(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        workstation.configure("IdentityFile ~/missing\n")
        assert await enters(workstation, sshd.host(), identity_files=(str(workstation.key),))

    async def test_several_files(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        workstation.configure(f"Host web\n  Port {sshd.port}\n")
        (workstation.home / "system").write_text(f"Host web\n  HostName 127.0.0.1\n  User {USER}\n  Port 1\n")
        files = ("~/.ssh/config", "~/missing", "~/system")
        assert await enters(workstation, Host(name="web", address="web"), config_files=files)

    async def test_a_change_counts_at_the_next_connection(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        access = workstation.access()
        host = Host(name="web", address="web", user=USER)
        workstation.configure("Host web\n  HostName 127.0.0.1\n  Port 1\n")
        with pytest.raises(Unreachable):
            await workstation.reach(host, access)
        workstation.configure(f"Host web\n  HostName 127.0.0.1\n  Port {sshd.port}\n")
        await workstation.reach(host, access)

    async def test_nonsense_is_told(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.configure("Match\nHost\n")
        with pytest.raises(Unreachable, match=r"ssh_config cannot be understood: .*config:1"):
            await workstation.reach(sshd.host())

    async def test_algorithms(self, workstation: Workstation, tmp_path: Path) -> None:
        with running_sshd(tmp_path / "sshd", "Ciphers aes256-ctr", "KexAlgorithms ecdh-sha2-nistp384") as server:
            workstation.may_enter(server)
            assert await enters(workstation, server.host())
            workstation.configure("Ciphers made-up,aes256-ctr\nKexAlgorithms ^ecdh-sha2-nistp384\nMACs hmac-sha2-256\n")
            assert await enters(workstation, server.host())
            workstation.configure("Ciphers aes128-ctr\n")
            with pytest.raises((BadAnswer, Unreachable)) as failure:
                await workstation.reach(server.host())
            told = f"{failure.value.reason}: {failure.value.remedy}"  # sshd may hang up before we see its list
            assert ("no algorithms in common" in told or "hung up while agreeing on keys" in told) and "Ciphers" in told

    async def test_compression(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        workstation.configure("Compression yes\n")
        assert await enters(workstation, sshd.host())


class TestProxyJump:
    """Through other hosts."""

    async def test_of_ssh_config(self, workstation: Workstation, sshd: Sshd, own_sshd: Sshd) -> None:
        workstation.may_enter(sshd, own_sshd)
        workstation.configure(
            f"Host web\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {USER}\n  ProxyJump bastion\n"
            f"Host bastion\n  HostName 127.0.0.1\n  Port {own_sshd.port}\n  User {USER}\n"
        )
        assert await enters(workstation, Host(name="web", address="web"))
        assert own_sshd.log.count("Accepted publickey") == 1

    async def test_of_the_settings(self, workstation: Workstation, sshd: Sshd, own_sshd: Sshd) -> None:
        workstation.may_enter(sshd, own_sshd)
        assert await enters(workstation, sshd.host(), jump=f"{USER}@127.0.0.1:{own_sshd.port}")
        assert own_sshd.log.count("Accepted publickey") == 1

    async def test_many_hosts_share_one_connection_to_it(
        self, workstation: Workstation, sshd: Sshd, own_sshd: Sshd
    ) -> None:
        workstation.may_enter(sshd, own_sshd)
        access = workstation.access(jump=f"{USER}@127.0.0.1:{own_sshd.port}")
        hosts = [sshd.host(f"web-{number}") for number in range(20)]
        transports = await asyncio.gather(*(workstation.reach(host, access) for host in hosts))
        assert own_sshd.log.count("Accepted publickey") == 1
        async with transports[0].fresh() as second:
            assert (await second.run(HELLO)).stdout == "hello\n"
        assert own_sshd.log.count("Accepted publickey") == 1

    async def test_the_last_host_closes_it(self, workstation: Workstation, sshd: Sshd, own_sshd: Sshd) -> None:
        workstation.may_enter(sshd, own_sshd)
        access = workstation.access(jump=f"{USER}@127.0.0.1:{own_sshd.port}")
        first, second = [await workstation.reach(sshd.host(name), access) for name in ("a", "b")]
        await first.close()
        assert (await second.run(HELLO)).stdout == "hello\n"
        assert own_sshd.children()
        await second.close()
        async with asyncio.timeout(30):
            while own_sshd.children():  # noqa: ASYNC110 - no event tells of processes on a host
                await asyncio.sleep(0.01)

    async def test_through_several(self, workstation: Workstation, sshd: Sshd, own_sshd: Sshd, tmp_path: Path) -> None:
        with running_sshd(tmp_path / "third") as inner:
            workstation.may_enter(sshd, own_sshd, inner)
            chain = f"{USER}@127.0.0.1:{own_sshd.port},{USER}@127.0.0.1:{inner.port}"
            assert await enters(workstation, sshd.host(), jump=chain)
            assert own_sshd.log.count("Accepted publickey") == inner.log.count("Accepted publickey") == 1

    async def test_when_it_goes_down_all_behind_it_are_lost(
        self, workstation: Workstation, sshd: Sshd, own_sshd: Sshd
    ) -> None:
        workstation.may_enter(sshd, own_sshd)
        access = workstation.access(jump=f"{USER}@127.0.0.1:{own_sshd.port}")
        transports = [await workstation.reach(sshd.host(name), access) for name in ("a", "b")]
        own_sshd.stop()
        async with asyncio.timeout(30):
            for transport in transports:
                assert isinstance(await asyncio.shield(transport.closed), Unreachable)
        own_sshd.start()
        again = await workstation.reach(sshd.host("a"), access)
        assert (await again.run(HELLO)).stdout == "hello\n"

    async def test_all_who_wait_for_it_share_its_failure(
        self, workstation: Workstation, sshd: Sshd, black_hole: int
    ) -> None:
        workstation.may_enter(sshd)
        access = workstation.access(jump=f"{USER}@127.0.0.1:{black_hole}", connect_timeout=1.0)
        hosts = [sshd.host(f"web-{number}") for number in range(20)]
        async with asyncio.timeout(10):  # one after the other would take twenty seconds
            results = await asyncio.gather(*(workstation.reach(host, access) for host in hosts), return_exceptions=True)
        assert {type(result) for result in results} == {Unreachable}
        assert "web-7: jump host 127.0.0.1" in str(results[7])

    async def test_what_it_cannot_reach(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        jump = f"{USER}@127.0.0.1:{sshd.port}"
        host = Host(name="web", address="127.0.0.1", port=free_port())
        with pytest.raises(Unreachable, match=rf"127\.0\.0\.1 cannot reach 127\.0\.0\.1:{host.port}: "):
            await workstation.reach(host, jump=jump)

    async def test_a_jump_host_is_not_reached_through_itself(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.may_enter(sshd)
        workstation.configure(f"Host *\n  User {USER}\n  ProxyJump 127.0.0.1:{sshd.port}\n")
        assert await enters(workstation, sshd.host())

    async def test_a_circle_of_jump_hosts_is_told(self, workstation: Workstation) -> None:
        workstation.configure("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
        with pytest.raises(Unreachable, match="circle"):
            await workstation.reach(Host(name="a", address="a"))


class TestProxyCommand:
    """Through whatever the operator likes."""

    @pytest.fixture
    def relay(self, tmp_path: Path) -> str:
        """A command that connects its pipes with a port, as nc does, and writes down what it was called with."""
        program = tmp_path / "relay"
        program.write_text(
            "import os, socket, sys, threading\n"
            f"open({str(tmp_path / 'called')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
            "sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
            "def pump():\n"
            "    while data := os.read(0, 65536): sock.sendall(data)\n"
            "threading.Thread(target=pump, daemon=True).start()\n"
            "while data := sock.recv(65536): os.write(1, data)\n"
        )
        return f"{shlex.quote(sys.executable)} {program}"

    async def test_leads_there(self, workstation: Workstation, sshd: Sshd, relay: str, tmp_path: Path) -> None:
        workstation.may_enter(sshd)
        workstation.configure(f"Host web\n  HostName 127.0.0.1\n  ProxyCommand {relay} %h %p %r %n 100%%\n")
        transport = await workstation.reach(sshd.host(address="web"))
        assert (await transport.run(HELLO)).stdout == "hello\n"
        assert (tmp_path / "called").read_text() == f"127.0.0.1 {sshd.port} {USER} web 100%\n"
        async with transport.fresh() as second:
            assert (await second.run(HELLO)).stdout == "hello\n"
        assert (tmp_path / "called").read_text().count("\n") == 2

    async def test_ends_with_the_connection(self, workstation: Workstation, sshd: Sshd, relay: str) -> None:
        workstation.may_enter(sshd)
        workstation.configure(f"ProxyCommand {relay} %h %p\n")
        transport = await workstation.reach(sshd.host())
        assert descendants(os.getpid())
        await transport.close()
        async with asyncio.timeout(30):
            while any("relay" in _command_line(pid) for pid in descendants(os.getpid())):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def test_that_fails_is_quoted(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.configure("ProxyCommand sh -c 'echo no way >&2; exit 1'\n")
        with pytest.raises(Unreachable, match="ProxyCommand says: no way"):
            await workstation.reach(sshd.host())

    @pytest.mark.parametrize("address", ["$(touch pwned)", "a;id", "-oProxyCommand=id", "a b", "", "a'b", "x\ny"])
    async def test_hostile_names_do_not_reach_its_shell(
        self, workstation: Workstation, tmp_path: Path, address: str
    ) -> None:
        workstation.configure(f"ProxyCommand touch {tmp_path}/ran-%h\n")
        with pytest.raises(Unreachable, match="not a name that SSH accepts"):
            await workstation.reach(Host(name="web", address=address))
        assert not list(tmp_path.glob("ran-*"))


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield int(listener.getsockname()[1])


@contextlib.contextmanager
def server_that_says(words: bytes, *, hang_up: bool = True) -> Iterator[int]:
    """A port that says something to the first who comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.sendall(words)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while connection.recv(65536):
                    pass
            connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


async def error_of(workstation: Workstation, host: Host, **settings: object) -> RemoteError:
    with pytest.raises(RemoteError) as raised:
        await workstation.reach(host, **settings)
    assert raised.value.host == host.name
    return raised.value


class TestFailures:
    """One plain sentence, and the next step."""

    async def test_a_closed_port(self, workstation: Workstation) -> None:
        port = free_port()
        error = await error_of(workstation, Host(name="web", address="127.0.0.1", port=port))
        assert type(error) is Unreachable
        assert error.state is HostState.UNREACHABLE
        assert error.reason == f"127.0.0.1:{port} refuses connections"
        assert error.remedy == "is sshd running there, and is the port right?"

    async def test_a_name_that_does_not_exist(self, workstation: Workstation) -> None:
        error = await error_of(workstation, Host(name="web", address="web.invalid"))
        assert type(error) is Unreachable
        assert "web.invalid" in error.reason

    async def test_a_host_that_accepts_and_says_nothing(self, workstation: Workstation, black_hole: int) -> None:
        host = Host(name="web", address="127.0.0.1", port=black_hole)
        error = await error_of(workstation, host, connect_timeout=0.3)
        assert type(error) is Unreachable
        assert error.reason == f"127.0.0.1:{black_hole} timed out after 0.3 s while waiting for its SSH greeting"

    async def test_a_host_that_does_not_even_accept(self, workstation: Workstation) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
            port = int(full.getsockname()[1])
            for _ in range(3):
                sock = stack.enter_context(socket.socket())
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", port))
            error = await error_of(workstation, Host(name="web", address="127.0.0.1", port=port), connect_timeout=0.3)
        assert error.reason == f"127.0.0.1:{port} timed out after 0.3 s while connecting"

    async def test_something_that_is_not_ssh(self, workstation: Workstation) -> None:
        with server_that_says(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
            error = await error_of(workstation, Host(name="web", address="127.0.0.1", port=port))
        assert error.reason == f"127.0.0.1:{port} hung up while waiting for its SSH greeting"
        assert error.remedy is not None

    async def test_ssh_of_another_century(self, workstation: Workstation) -> None:
        with server_that_says(b"SSH-1.5-old\r\n", hang_up=False) as port:
            error = await error_of(workstation, Host(name="web", address="127.0.0.1", port=port))
        assert type(error) is BadAnswer

    async def test_endless_noise(self, workstation: Workstation) -> None:
        with server_that_says(b"x" * 200_000, hang_up=False) as port:
            error = await error_of(workstation, Host(name="web", address="127.0.0.1", port=port))
        assert type(error) is BadAnswer

    async def test_a_key_that_the_host_does_not_know(self, workstation: Workstation, own_sshd: Sshd) -> None:
        workstation.trust(own_sshd)
        own_sshd.authorize(keygen(workstation.home / "other").with_suffix(".pub"))
        error = await error_of(workstation, own_sshd.host())
        assert type(error) is AuthenticationFailed
        assert error.state is HostState.AUTH_FAILED
        assert error.reason == f"127.0.0.1:{own_sshd.port} lets {USER} not in with {workstation.key}"
        assert error.remedy == f"put a public key into the authorized keys of {USER} there"

    async def test_a_key_file_that_cannot_be_used_is_told(self, workstation: Workstation, own_sshd: Sshd) -> None:
        workstation.trust(own_sshd)
        broken = workstation.home / "broken"
        broken.write_text("not a key")
        error = await error_of(workstation, own_sshd.host(), identity_files=(str(broken), "~/missing"))
        assert f"{broken} cannot be used" in error.reason
        assert "missing: No such file" in error.reason

    async def test_a_host_that_wants_no_keys(self, workstation: Workstation, tmp_path: Path) -> None:
        with running_sshd(tmp_path / "sshd", "PubkeyAuthentication no", "PasswordAuthentication yes") as server:
            workstation.may_enter(server)
            error = await error_of(workstation, server.host())
        assert type(error) is AuthenticationFailed
        assert error.reason.endswith(f"lets {USER} not in by key")

    async def test_what_the_host_says_before_it_refuses(self, workstation: Workstation, tmp_path: Path) -> None:
        (tmp_path / "banner").write_text("\x1b[31mclosed for\nmaintenance\n")
        with running_sshd(tmp_path / "sshd", f"Banner {tmp_path}/banner") as server:
            workstation.trust(server)
            error = await error_of(workstation, server.host())
        assert error.reason.endswith("(it says: closed for maintenance)")

    async def test_no_key_at_all(self, workstation: Workstation, sshd: Sshd) -> None:
        workstation.trust(sshd)
        error = await error_of(workstation, sshd.host(), identity_files=("~/missing",))
        assert type(error) is AuthenticationFailed
        assert f"lets {USER} not in: there is no key to offer" in error.reason

    async def test_a_host_that_is_busy(self, workstation: Workstation) -> None:
        with server_that_says(b"Exceeded MaxStartups\r\n") as port:
            error = await error_of(workstation, Host(name="web", address="127.0.0.1", port=port))
        assert type(error) is Unreachable
        assert "MaxStartups" in (error.remedy or "")


async def test_connects_are_bounded_but_an_urgent_one_does_not_queue(
    workstation: Workstation, sshd: Sshd, black_hole: int
) -> None:
    workstation.may_enter(sshd)
    access = workstation.access(connect_timeout=30.0)
    access._slots = asyncio.Semaphore(2)
    transport = await workstation.reach(sshd.host(), access)
    stuck = [
        asyncio.create_task(workstation.reach(Host(name=name, address="127.0.0.1", port=black_hole), access))
        for name in ("a", "b", "c")
    ]
    while not access._slots.locked():  # noqa: ASYNC110 - the stuck ones have no event for it
        await asyncio.sleep(0)
    async with asyncio.timeout(30), transport.fresh() as second:
        assert (await second.run(HELLO)).stdout == "hello\n"
    for task in stuck:
        task.cancel()
    await asyncio.wait(stuck)


async def test_nothing_is_left_of_a_cancelled_login(workstation: Workstation, own_sshd: Sshd) -> None:
    workstation.may_enter(own_sshd)
    access = workstation.access()
    for turns in range(0, 60, 3):
        connecting = asyncio.create_task(workstation.reach(own_sshd.host(), access))
        for _ in range(turns):
            await asyncio.sleep(0)
        connecting.cancel()
        await asyncio.wait([connecting])
    await workstation.leave()
    async with asyncio.timeout(30):
        while own_sshd.children():  # noqa: ASYNC110 - no event tells of processes on a host
            await asyncio.sleep(0.01)
