"""The stand-ins under the shells that people have as /bin/sh, and what they say in place of the real programs."""

import asyncio
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from nixtui.demo import DemoHost
from nixtui.model.closure import Closure
from nixtui.remote.transport import Script
from tests.demo.conftest import Start

PROGRAMS = sorted(Path(str(files("nixtui.demo").joinpath("bin"))).iterdir())
SHELLS = [["dash"], ["bash"], ["busybox", "sh"]]
PROFILE = "/nix/var/nix/profiles/system"


@dataclass
class Said:
    """How a stand-in ended."""

    status: int
    out: str
    err: str


async def run(host: DemoHost, shell: list[str], program: str, *arguments: str) -> Said:
    """A stand-in of a host, read by a certain shell."""
    found = host.root.programs / program
    if "/" in program:
        found = host.root.at(program)
    environ = {"PATH": f"{host.root.programs}:{os.environ['PATH']}", "NIXTUI_ROOT": str(host.root.directory)}
    process = await asyncio.create_subprocess_exec(
        *shell, str(found), *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_the_stand_ins_are_clean(program: Path) -> None:
    repository = program.parents[3]
    found = subprocess.run(
        ["shellcheck", "-x", "-s", "sh", str(program)], capture_output=True, text=True, cwd=repository
    )
    assert found.stdout == ""


@pytest.fixture(params=SHELLS, ids=lambda words: words[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return words


def leads_to(link: Path) -> str:
    return str(link.readlink())


async def test_the_profile_moves_as_nix_env_moves_it(start: Start, shell: list[str]) -> None:
    async with start("web-1") as operator:
        host = operator.fleet.hosts["web-1"]
        profile = host.root.at(PROFILE)
        older = host.installation.generations[0].system.path

        async def nix_env(*words: str) -> Said:
            return await run(host, shell, "nix-env", "--profile", str(profile), *words)

        assert (await nix_env("--switch-generation", "409")).status == 0
        assert leads_to(profile) == "system-409-link"
        assert (await nix_env("--set", older)).status == 0
        assert leads_to(profile) == "system-412-link"
        assert host.root.resolved(PROFILE) == older
        assert (await nix_env("--set", older)).status == 0, "the newest generation has it already"
        assert leads_to(profile) == "system-412-link"
        assert (await nix_env("--delete-generations", "412")).status == 1, "the current one stays"
        assert "412 " in (await nix_env("--list-generations")).out
        assert (await nix_env("--switch-generation", "411")).status == 0
        assert (await nix_env("--delete-generations", "412")).status == 0
        assert (await nix_env("--switch-generation", "412")).err == "error: profile version 412 does not exist\n"
        assert (await nix_env("--set", "/nix/store/nothing")).status == 1


async def test_nix_store_knows_closures_and_sizes(start: Start, shell: list[str]) -> None:
    async with start("db-1") as operator:
        host = operator.fleet.hosts["db-1"]
        system = host.installation.running
        paths = (await run(host, shell, "nix-store", "--query", "--requisites", system.path)).out.splitlines()
        sizes = (await run(host, shell, "nix-store", "--query", "--size", *paths)).out.splitlines()
        known = Closure(system.path, {path: kib * 1024 for path, kib in system.closure.items()})
        assert dict(zip(paths, map(int, sizes), strict=True)) == known.sizes
        assert all(map(host.root.has, paths))
        gone = await run(host, shell, "nix-store", "--query", "--requisites", "/nix/store/nothing")
        assert (gone.status, gone.err) == (1, "error: path '/nix/store/nothing' is not valid\n")


async def test_df_knows_which_file_system_a_path_is_on(start: Start, shell: list[str]) -> None:
    async with start("cache-1") as operator:
        host = operator.fleet.hosts["cache-1"]
        asked = [str(host.root.at(path)) for path in ("/", "/nix/store", "/boot", "/run")]
        rows = (await run(host, shell, "df", "-P", "-k", *asked)).out.splitlines()[1:]
        assert [row.split()[5] for row in rows] == ["/", "/", "/boot", "/run"]
        assert rows[2].split()[4] == "96%"
        for row in rows:
            _, size, used, available, _, _ = row.split()
            assert int(size) == int(used) + int(available)


async def test_the_version_is_that_of_the_system_it_is_asked_in(start: Start, shell: list[str]) -> None:
    async with start("web-5") as operator:
        host = operator.fleet.hosts["web-5"]
        last = host.installation.generations[-1].system
        of_last = await run(host, shell, f"{last.path}/sw/bin/nixos-version", "--configuration-revision")
        of_running = await run(host, shell, "nixos-version", "--configuration-revision")
        assert of_last.out.strip() == last.revision
        assert of_running.status == 1, "it was built from a working tree with changes"
        assert (await run(host, shell, "nixos-version")).out.strip() == last.nixos_version


async def test_the_journal_is_read_by_unit_number_and_priority(start: Start, shell: list[str]) -> None:
    async with start("web-2") as operator:
        host = operator.fleet.hosts["web-2"]
        everything = (await run(host, shell, "journalctl", "-o", "json", "--no-pager")).out.splitlines()
        entries = [json.loads(line) for line in everything]
        moments = [int(entry["__REALTIME_TIMESTAMP"]) for entry in entries]
        assert moments == sorted(moments) and len(moments) > 20
        errors = await run(host, shell, "journalctl", "-u", "nginx", "-p", "err", "--output=cat")
        assert errors.out.splitlines() == [
            "[alert] worker process 2211 exited on signal 11 (core dumped) while handling HTTP/3"
        ]
        last = await run(host, shell, "journalctl", "-n2", "-o", "json", "--unit=nginx.service")
        assert len(last.out.splitlines()) == 2
        after = await run(host, shell, "journalctl", f"--after-cursor={entries[-3]['__CURSOR']}", "-o", "json")
        assert after.out.splitlines()[:2] == everything[-2:]
        since = await run(host, shell, "journalctl", f"--since=@{moments[-1] // 10**6}", "-o", "json")
        assert 1 <= len(since.out.splitlines()) < len(everything)


async def test_the_journal_is_followed(start: Start) -> None:
    async with start("web-2") as operator, operator.at("web-2") as transport:
        heard: list[str] = []
        command = "journalctl -f -n 0 -o cat -u sshd & sleep 1; systemctl restart sshd; sleep 1; kill $!"
        await transport.run(Script("follow", command), on_line=heard.append)
        assert {"Stopped SSH Daemon.", "Started SSH Daemon."} <= set(heard)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("dry-activate", "would restart the following units: nginx.service"),
        ("test", "restarting the following units: nginx.service"),
    ],
)
async def test_a_switch_says_what_nixos_says(start: Start, shell: list[str], action: str, said: str) -> None:
    async with start("web-1") as operator:
        host = operator.fleet.hosts["web-1"]
        *_, previous, last = host.installation.generations
        switched = await run(host, shell, f"{previous.system.path}/bin/switch-to-configuration", action)
        assert switched.status == 0
        assert said in switched.err.splitlines()
        runs = last if action == "dry-activate" else previous
        assert host.root.resolved("/run/current-system") == runs.system.path
        assert host.root.boots_next() == last.system.path


async def test_switching_the_boot_entry_alone(start: Start, shell: list[str]) -> None:
    async with start("web-1") as operator:
        host = operator.fleet.hosts["web-1"]
        first, *_, last = host.installation.generations
        switched = await run(host, shell, f"{first.system.path}/bin/switch-to-configuration", "boot")
        assert (switched.status, switched.err) == (0, "")
        assert host.root.boots_next() == first.system.path
        assert host.root.resolved("/run/current-system") == last.system.path


async def test_a_switch_waits_for_nobody(start: Start, shell: list[str]) -> None:
    async with start("build-1") as operator:
        host = operator.fleet.hosts["build-1"]
        there = host.installation.running.path
        switched = await run(host, shell, f"{there}/bin/switch-to-configuration", "test")
        assert (switched.status, switched.err) == (11, "Could not acquire lock\n")
