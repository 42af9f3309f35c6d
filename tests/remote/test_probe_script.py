"""What scripts/probe.sh tells about a host, and what asking it costs that host."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.model.status import ActivationLock, HostFacts, HostStatus, Memory
from nixtui.remote.facts import Block, updated
from nixtui.remote.probe import ALIVE, Answer, Probe, Request, open_probe
from nixtui.remote.transport import load_script
from tests.remote.local_transport import SHELLS, LocalTransport
from tests.remote.nixos_root import REVISION, NixosRoot, web_host

HOST = Host(name="web-1", address="web-1")


class Conversation:
    """A probe, asked and answered one at a time; `facts` is what is known so far."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._answers = probe.answers()
        self.facts = HostFacts()

    async def first(self) -> Answer:
        async with asyncio.timeout(20):
            answer = await anext(self._answers)
        if isinstance(answer, Block):
            self.facts = updated(self.facts, answer)
        return answer

    async def ask(self, request: Request = Request.TICK) -> Answer:
        assert self._probe.ask(request)
        return await self.first()

    async def news(self, request: Request = Request.TICK) -> set[str]:
        """Ask, and say which values changed."""
        answer = await self.ask(request)
        return set(answer.values) if isinstance(answer, Block) else set()


Talk = Callable[[], AbstractAsyncContextManager[Conversation]]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> NixosRoot:
    return web_host(tmp_path / "root")


@pytest.fixture
def talk(root: NixosRoot, shell: str) -> Talk:
    @asynccontextmanager
    async def start() -> AsyncIterator[Conversation]:
        async with open_probe(LocalTransport(HOST, shell, root.environment)) as probe:
            conversation = Conversation(probe)
            await conversation.first()
            yield conversation

    return start


async def test_the_first_answer_has_everything_there_is_to_know(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        facts = host.facts
    system = root.system(412)
    assert (facts.current_system, facts.booted_system, facts.profile_system) == (system, system, system)
    assert (facts.generation, facts.generations, facts.switched_at) == (412, 3, 1_790_500_000)
    assert (facts.nixos_version, facts.configuration_revision) == ("25.11.20260412", REVISION)
    assert (facts.kernel_running, facts.kernel_current) == ("6.12.51", "6.12.51")
    assert (facts.reboot_needed, facts.reboot_reason) == (False, None)
    assert (facts.systemd_state, facts.failed_units) == ("running", ())
    assert facts.load == (0.42, 0.31, 0.20)
    assert facts.memory == Memory(8_000_000 * 1024, 6_000_000 * 1024, 0, 0)
    assert facts.uptime_s == 86400
    assert facts.boot_id == "0e1ce3ad-8c42-4a4a-b9a5-6f4a4a3b2c1d"
    assert facts.clock is not None and facts.clock > 1_700_000_000
    assert facts.disks is not None and [disk.mount for disk in facts.disks] == ["/"]
    assert (facts.lock, facts.leftovers, facts.secrets_generation) == (None, (), None)


async def test_a_tick_without_news_is_one_line(talk: Talk) -> None:
    async with talk() as host:
        assert [await host.ask() for _ in range(5)] == [ALIVE] * 5


async def test_a_switch_tells_what_changed_and_nothing_else(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.runs(root.system(411))
        root.switch(411, at=1_790_600_000)
        news = await host.news()
        facts = host.facts
    assert news <= {
        "current_system", "profile_system", "generation", "switched_at", "nixos_version", "clock", "disks_kib"
    }  # fmt: skip
    assert (facts.current_system, facts.profile_system) == (root.system(411), root.system(411))
    assert (facts.generation, facts.nixos_version, facts.switched_at) == (411, "25.11.20260411", 1_790_600_000)
    assert facts.booted_system == root.system(412)


async def test_a_profile_of_deploy_rs_tells_the_system_in_it(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        assert host.facts.profile_wraps is None
        root.generation(413, root.wrapped(root.system(412)))
        root.switch(413)
        await host.news()
        facts = host.facts
    assert (facts.profile_system, facts.profile_wraps) == (root.wrapped(root.system(412)), root.system(412))
    assert not HostStatus(facts=facts).is_drifting


async def test_a_full_answer_repeats_what_did_not_change(talk: Talk) -> None:
    async with talk() as host:
        before = host.facts
        answer = await host.ask(Request.FULL)
        assert isinstance(answer, Block) and answer.complete
        assert updated(HostFacts(), answer).current_system == before.current_system
        assert updated(HostFacts(), answer).configuration_revision == REVISION


async def test_a_new_generation_is_counted_though_nothing_switched(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.generation(413, root.system(413))
        await host.ask()
        assert (host.facts.generations, host.facts.generation) == (4, 412)


async def test_generations_of_one_and_the_same_system_are_told_apart(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.generation(413, root.system(412))
        root.switch(413)
        await host.ask()
        assert (host.facts.generation, host.facts.profile_system) == (413, root.system(412))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kernel": "6.12.58"}, "kernel 6.12.51 → 6.12.58"),
        ({"kernel": "6.12.58", "systemd": "258.1"}, "kernel 6.12.51 → 6.12.58, systemd"),
        ({"systemd": "258.1"}, "systemd"),
        ({}, None),
    ],
)
async def test_a_reboot_is_needed_when_what_booted_is_not_what_is_current(
    root: NixosRoot, talk: Talk, change: dict[str, str], reason: str | None
) -> None:
    async with talk() as host:
        root.runs(root.system(413, **change))
        await host.ask()
        assert (host.facts.reboot_needed, host.facts.reboot_reason) == (reason is not None, reason)


async def test_the_reason_to_reboot_follows_from_one_kernel_to_the_next(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.runs(root.system(413, kernel="6.12.58"))
        await host.ask()
        root.runs(root.system(414, kernel="6.12.60"))
        await host.ask()
        assert host.facts.reboot_reason == "kernel 6.12.51 → 6.12.60"


async def test_without_a_booted_system_nothing_is_said_about_a_reboot(root: NixosRoot, talk: Talk) -> None:
    root.at("/run/booted-system").unlink()
    async with talk() as host:
        assert (host.facts.booted_system, host.facts.reboot_needed) == (None, None)
        assert host.facts.kernel_running == "6.12.51"


async def test_failed_units_come_and_go(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.systemd("degraded", ("nginx.service", "backup.timer"))
        assert await host.news() == {"systemd_state", "failed_units"}
        assert host.facts.failed_units == ("nginx.service", "backup.timer")
        assert host.facts.systemd_state == "degraded"
        root.systemd("degraded", ("nginx.service", "postgresql.service"))
        await host.ask()
        assert host.facts.failed_units == ("nginx.service", "postgresql.service"), "as many, but others"
        root.systemd()
        await host.ask()
        assert (host.facts.failed_units, host.facts.systemd_state) == ((), "running")


async def test_since_when_units_are_failed_is_told_with_them(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        assert host.facts.failed_at is None
        root.systemd("degraded", ("nginx.service", "backup.timer"), stamps=(86_012_345_678, 85_900_000_000))
        assert await host.news() == {"systemd_state", "failed_units", "failed_at"}
        assert host.facts.failed_at == 85_900
        root.systemd("degraded", ("nginx.service",), stamps=("[not set]", 0, "x", 86_012_345_678))
        await host.ask()
        assert host.facts.failed_at == 86_012
        root.systemd("degraded", ("nginx.service",), stamps=(86_099_000_000,))
        assert await host.news() == set(), "the same units are not dated again"
        root.systemd()
        await host.ask()
        assert (host.facts.failed_at, host.facts.failed_units) == (None, ())


async def test_a_host_with_hundreds_of_failed_units_names_some(root: NixosRoot, talk: Talk) -> None:
    root.systemd("degraded", tuple(f"worker@{number}.service" for number in range(300)))
    async with talk() as host:
        assert host.facts.failed_units is not None
        assert host.facts.failed_units[:2] == ("worker@0.service", "worker@1.service")
        assert len(host.facts.failed_units) == 32


async def test_a_systemd_that_does_not_answer_is_said_and_not_guessed(root: NixosRoot, talk: Talk) -> None:
    root.program("systemctl", "exit 1")
    async with talk() as host:
        assert (host.facts.systemd_state, host.facts.failed_units) == ("unresponsive", None)


def _bus(root: NixosRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message bus, as far as it can be seen; bound by a short path, as sockets' paths are at most 107 long."""
    folder = root.at("/run/dbus")
    folder.mkdir()
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind("system_bus_socket")


async def test_where_there_is_a_bus_it_is_asked_for_two_values_only(
    root: NixosRoot, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _bus(root, monkeypatch)
    two = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager SystemState NFailedUnits"
    root.systemd("degraded", ("nginx.service",))
    root.program("busctl", f"[ \"$*\" = 'get-property {two}' ] && printf 's \"degraded\"\\nu 1\\n'")
    async with talk() as host:
        assert (host.facts.systemd_state, host.facts.failed_units) == ("degraded", ("nginx.service",))
        root.program("busctl", "printf 's \"running\"\\nu 0\\n'")
        await host.ask()
        assert (host.facts.systemd_state, host.facts.failed_units) == ("running", ())


@pytest.mark.parametrize("said", ["exit 1", "printf 's \"\"\\nu 0\\n'", "echo 's \"running\"'", "echo what u 0"])
async def test_a_bus_without_an_answer_leaves_it_to_systemctl(
    root: NixosRoot, talk: Talk, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    _bus(root, monkeypatch)
    root.program("busctl", said)
    root.systemd("maintenance", ("nginx.service",))
    async with talk() as host:
        assert (host.facts.systemd_state, host.facts.failed_units) == ("maintenance", ("nginx.service",))


async def test_a_host_that_is_no_nixos_leaves_unknown_what_it_has_not(tmp_path: Path, shell: str) -> None:
    root = NixosRoot(tmp_path / "root")
    shutil.rmtree(root.at("/nix"))
    shutil.rmtree(root.at("/run"))
    root.program("systemctl", "exit 127")
    async with open_probe(LocalTransport(HOST, shell, root.environment)) as probe:
        host = Conversation(probe)
        await host.first()
        assert await host.ask() == ALIVE
    assert host.facts.load == (0.42, 0.31, 0.20)
    known = {name for name in HostFacts.__struct_fields__ if getattr(host.facts, name) is not None}
    assert known == {"load", "memory", "kernel_running", "boot_id", "uptime_s", "disks", "clock", "leftovers"}


async def test_what_cannot_be_read_is_unknown(root: NixosRoot, talk: Talk) -> None:
    root.write("/proc/loadavg", "what 08.00 9.99.9\n")
    root.write("/proc/meminfo", "MemTotal: lots\nMemAvailable: 08 kB\n")
    root.collect(root.system(412))
    root.program("df", "exit 1")
    root.program("date", "echo soon")
    async with talk() as host:
        facts = host.facts
    unknown = (facts.load, facts.memory, facts.current_system, facts.nixos_version, facts.disks, facts.clock)
    assert unknown == (None,) * 6
    assert facts.generation == 412, "the link still says which one it is"


async def test_a_value_that_goes_away_becomes_unknown(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.at("/run/current-system").unlink()
        await host.ask()
        assert (host.facts.current_system, host.facts.nixos_version) == (None, None)
        assert host.facts.profile_system == root.system(412)


async def test_a_host_without_a_configuration_revision_has_none(root: NixosRoot, talk: Talk) -> None:
    root.runs(root.system(413, revision=None))
    async with talk() as host:
        assert (host.facts.nixos_version, host.facts.configuration_revision) == ("25.11.20260413", None)


async def test_a_load_that_only_wavers_is_no_news(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        for waver in ("0.40 0.31 0.20", "0.45 0.33 0.21", "0.46 0.29 0.18", "0.38 0.28 0.17"):
            root.write("/proc/loadavg", f"{waver} 2/345 678\n")
            assert await host.ask() == ALIVE
        root.write("/proc/loadavg", "0.49 0.31 0.20 2/345 678\n")
        assert await host.news() == {"load"}
        assert host.facts.load == (0.49, 0.31, 0.20)
        root.write("/proc/loadavg", "31.80 12.00 4.08 2/345 678\n")
        assert await host.news() == {"load"}
        root.write("/proc/loadavg", "32.90 12.30 4.20 2/345 678\n")
        assert await host.ask() == ALIVE, "a busy host wavers more"


async def test_memory_is_news_by_the_hundredth(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.memory(total=8_000_000, available=5_930_000)
        assert await host.ask() == ALIVE
        root.memory(total=8_000_000, available=5_900_000)
        assert await host.news() == {"memory_kib"}
        root.memory(total=8_000_000, available=5_900_000, swap_total=1_000_000, swap_free=1_000_000)
        assert await host.news() == {"memory_kib"}
        root.memory(total=8_000_000, available=5_900_000, swap_total=1_000_000, swap_free=980_000)
        assert await host.news() == {"memory_kib"}
        assert host.facts.memory == Memory(8_000_000 * 1024, 5_900_000 * 1024, 1_000_000 * 1024, 980_000 * 1024)


async def test_a_nixtui_at_work_is_seen(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.write("/run/nixtui/lock", "operation 8f2a\noperator Zoë from ops-2\nsince 1790000000\nuptime 12\n")
        root.at("/run/nixtui/8f2a").mkdir()
        root.at("/run/nixtui/ended/77aa").mkdir(parents=True)
        assert await host.news() == {"lock"}
        assert host.facts.lock == ActivationLock("8f2a", "Zoë from ops-2", 1_790_000_000)
        root.at("/run/nixtui/lock").unlink()
        assert await host.news() == {"lock", "leftovers"}
        assert (host.facts.lock, host.facts.leftovers) == (None, ("8f2a",))


async def test_a_lock_that_says_nothing_is_still_a_lock(root: NixosRoot, talk: Talk) -> None:
    root.write("/run/nixtui/lock", "")
    async with talk() as host:
        assert host.facts.lock == ActivationLock("unknown", "unknown", 0)


async def test_what_a_dead_operator_left_is_found_once_each(root: NixosRoot, talk: Talk) -> None:
    root.at("/run/nixtui/0c0c").mkdir(parents=True)
    for link in ("nixtui-0c0c-new", "nixtui-0c0c-previous", "nixtui-dead-beef-new", "nixtui-dead-beef-previous"):
        root.link(f"/nix/var/nix/gcroots/{link}", root.system(412))
    root.link("/nix/var/nix/gcroots/auto", root.system(412))
    async with talk() as host:
        assert host.facts.leftovers == ("0c0c", "dead-beef")


@pytest.mark.parametrize(
    ("link", "target", "generation"),
    [("/run/secrets", "/run/secrets.d/12", "sops:12"), ("/run/agenix", "/run/agenix.d/3", "agenix:3")],
)
async def test_the_generation_of_secrets_is_known(
    root: NixosRoot, talk: Talk, link: str, target: str, generation: str
) -> None:
    root.at(target).mkdir(parents=True)
    root.link(link, target)
    async with talk() as host:
        assert host.facts.secrets_generation == generation


async def test_disks_are_told_once_each_whatever_is_bind_mounted(root: NixosRoot, talk: Talk) -> None:
    header = "Filesystem 1024-blocks Used Available Capacity Mounted on"
    row = "/dev/disk one/root 1000 600 400 60% /"
    bind = "/dev/disk one/root 1000 600 400 60% /nix/store"
    boot = "/dev/vda1 500 450 50 90% /boot"
    root.program("df", f"printf '%s\\n' '{header}' '{row}' '{bind}' '{boot}'")
    async with talk() as host:
        assert host.facts.disks is not None
        seen = [(disk.mount, disk.used, disk.available) for disk in host.facts.disks]
    assert seen == [("/", 600 * 1024, 400 * 1024), ("/boot", 450 * 1024, 50 * 1024)]


async def test_a_store_of_its_own_is_a_disk_of_its_own(root: NixosRoot, talk: Talk) -> None:
    rows = ("Filesystem …", "tmpfs 100 10 90 10% /", "/dev/vdb 900 800 100 89% /nix", "/dev/vda1 500 450 50 90% /boot")
    root.program("df", f"printf '%s\\n' {' '.join(repr(row) for row in rows)}")
    async with talk() as host:
        assert host.facts.disks is not None
        assert [disk.mount for disk in host.facts.disks] == ["/", "/nix", "/boot"]


async def test_a_boot_partition_that_does_not_answer_hides_no_other(root: NixosRoot, talk: Talk) -> None:
    rows = ("Filesystem …", "/dev/a 100 10 90 10% /", "/dev/b 900 800 100 89% /nix")
    root.program(
        "df", f"printf '%s\\n' {' '.join(repr(row) for row in rows)}; echo 'df: /boot: no such device' >&2; exit 1"
    )
    async with talk() as host:
        assert host.facts.disks is not None
        assert [disk.mount for disk in host.facts.disks] == ["/", "/nix"]


async def test_disks_and_the_clock_are_not_asked_for_at_every_tick(root: NixosRoot, talk: Talk) -> None:
    async with talk() as host:
        root.program("date", "echo 1900000000")
        assert await host.ask() == ALIVE
        assert await host.news(Request.SLOW) >= {"clock"}
        assert host.facts.clock == 1_900_000_000


async def test_no_value_can_pretend_to_be_a_line(root: NixosRoot, talk: Talk) -> None:
    evil = root.system(413, version="25.11\x1b[31m\x07 red")
    root.runs(evil)
    root.write("/run/nixtui/lock", "operation a b\rc\noperator \x1b]0;x\x07y\nsince -1\n")
    async with talk() as host:
        assert host.facts.nixos_version == "25.11?[31m? red"
        assert host.facts.lock == ActivationLock("unknown", "?]0;x?y", 0)


async def test_a_link_into_a_folder_with_a_newline_stays_one_line(root: NixosRoot, talk: Talk) -> None:
    odd = root.at("/nix/store/odd\nname")
    odd.mkdir()
    root.link("/run/current-system", "/nix/store/odd\nname")
    async with talk() as host:
        assert host.facts.current_system == "/nix/store/odd?name"


async def test_the_probe_does_not_keep_a_system_from_being_collected(root: NixosRoot, shell: str) -> None:
    transport = LocalTransport(HOST, shell, root.environment)
    async with open_probe(transport) as probe:
        await Conversation(probe).first()
        process = transport.channels[0].process
        assert os.readlink(f"/proc/{process.pid}/cwd") == "/"  # noqa: PTH115 - of another process


async def test_the_end_of_input_ends_it(root: NixosRoot, shell: str) -> None:
    transport = LocalTransport(HOST, shell, root.environment)
    async with open_probe(transport) as probe:
        await Conversation(probe).first()
    assert transport.channels[0].process.returncode == 0


async def test_these_programs_are_started_and_no_others(root: NixosRoot, talk: Talk, tmp_path: Path) -> None:
    """Each program that the script could find is replaced by one that notes down that it was started."""
    started = tmp_path / "started"
    common = ("systemctl", "readlink", "stat", "df", "date", "timeout", "cat", "sed", "awk", "ls", "sleep", "uname")
    for name in (*common, "grep", "head", "tr", "cut", "id", "hostname", "basename", "dirname", "nix-env", "nix-store"):
        own = root.programs / name
        real = own if own.exists() else Path(shutil.which(name) or "/bin/false")
        moved = root.directory / f"real-{name}"
        shutil.copy(real, moved)
        root.program(name, f"echo {name} >>'{started}'; exec '{moved}' \"$@\"")
    async with talk() as host:
        first = sorted(started.read_text().split())
        started.write_text("")
        for _ in range(10):
            await host.ask()
        ticks = started.read_text().split()
        started.write_text("")
        await host.ask(Request.SLOW)
        slow = sorted(started.read_text().split())
    assert first == ["date", "df", "readlink", "stat", "systemctl", "timeout"]
    assert ticks == ["systemctl"] * 10
    assert slow == ["date", "df", "readlink", "stat", "systemctl"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: forks are not counted")
def test_an_idle_tick_costs_one_fork(root: NixosRoot, shell: str, tmp_path: Path) -> None:
    idle, ten = (_forks(root, shell, ticks, tmp_path / f"trace-{ticks}") for ticks in (0, 10))
    assert ten - idle == 10


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: forks are not counted")
def test_a_tick_costs_two_forks_while_units_are_failed(root: NixosRoot, shell: str, tmp_path: Path) -> None:
    root.program("systemctl", "echo NFailedUnits=1; echo SystemState=degraded")
    idle, ten = (_forks(root, shell, ticks, tmp_path / f"trace-{ticks}") for ticks in (0, 10))
    assert ten - idle == 20


def _forks(root: NixosRoot, shell: str, ticks: int, trace: Path) -> int:
    """How many processes the probe starts while it answers so many ticks, and the first time."""
    script = load_script("probe", "facts", "meters").text
    command = ["strace", "-f", "-qq", "-e", "trace=fork,vfork,clone,clone3", "-o", str(trace), *shell.split(), "-s"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | root.environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"set -- nonce; {{\n{script}\nexit\n}}\n".encode())
        process.stdin.flush()
        _read_until(process.stdout, rb" (end|alive) 1\b")
        for number in range(2, 2 + ticks):
            process.stdin.write(b"tick\n")
            process.stdin.flush()
            _read_until(process.stdout, rb" (end|alive) %d\b" % number)
        process.stdin.close()
    return len(re.findall(r"^\d+ +(?:fork|vfork|clone3?)\(", trace.read_text(), re.MULTILINE))


def _read_until(stream: object, pattern: bytes) -> None:
    while line := stream.readline():  # type: ignore[attr-defined]  # a pipe
        if re.search(pattern, line):
            return
    raise AssertionError("the probe ended")
