"""Closures from a real Nix store, and the cache of them."""

import asyncio
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from nixtui.model.closure import Closure
from nixtui.model.host import Host
from nixtui.model.store_path import NotAStorePath
from nixtui.remote.closures import ClosureCache, closure, parse_closure
from nixtui.remote.errors import BadAnswer, PathGone
from nixtui.remote.transport import Completed, Script
from tests.remote.local_transport import SHELLS, LocalTransport

HOST = Host(name="web-1", address="web-1")
ROOT = f"/nix/store/{'0' * 32}-nixos-system-web-25.11"
OPENSSL = f"/nix/store/{'1' * 32}-openssl-3.4.1"


@dataclass
class NixStore:
    """A real store below a directory; its paths are written by the evaluator, so nothing needs to be built."""

    directory: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {"NIX_REMOTE": f"local?root={self.directory}", "NIXTUI_ROOT": str(self.directory)}

    def system(self, leaves: int) -> str:
        """A path that needs so many others."""
        expression = (
            f'let leaf = n: builtins.toFile "leaf-1.${{toString n}}" "${{toString n}}";'
            f' in builtins.toFile "nixos-system-web-25.11.{leaves}" (toString (builtins.genList leaf {leaves}))'
        )
        return self._run("nix-instantiate", "--eval", "--read-write-mode", "--expr", expression).strip().strip('"')

    def sizes(self, system: str) -> dict[str, int]:
        """What Nix's other command says a closure is."""
        told = self._run("nix", "--extra-experimental-features", "nix-command", "path-info", "-rs", system)
        return {line.split()[0]: int(line.split()[1]) for line in told.splitlines()}

    def _run(self, *command: str) -> str:
        environment = os.environ | self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(tmp_path: Path) -> NixStore:
    return NixStore(tmp_path / "store")


async def test_every_path_of_a_closure_has_its_size(store: NixStore, shell: str) -> None:
    system = store.system(300)
    found = await closure(LocalTransport(HOST, shell, store.environment), system)
    assert (found.root, len(found.sizes)) == (system, 301)
    assert found.sizes == store.sizes(system)


async def test_a_path_that_is_gone(store: NixStore, shell: str) -> None:
    with pytest.raises(PathGone, match=r"nixos-system-web-25\.11 is not in its store"):
        await closure(LocalTransport(HOST, shell, store.environment), ROOT)


async def test_a_path_that_nix_knows_nothing_of(store: NixStore, shell: str) -> None:
    store.system(1)
    (store.directory / ROOT.lstrip("/")).write_text("copied by hand")
    with pytest.raises(BadAnswer, match=r"could not list what nixos-system-web-25.11 needs: .*not valid"):
        await closure(LocalTransport(HOST, shell, store.environment), ROOT)


async def test_a_host_without_nix(store: NixStore, shell: str, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    (bare / "nix-store").write_text("#!/bin/sh\necho 'nix-store: no such thing here' >&2\nexit 127\n")
    (bare / "nix-store").chmod(0o755)
    system = store.system(1)
    environment = store.environment | {"PATH": f"{bare}:{os.environ['PATH']}"}
    with pytest.raises(BadAnswer, match="no such thing here"):
        await closure(LocalTransport(HOST, shell, environment), system)


@pytest.mark.parametrize("path", ["/etc/passwd", "-qR", "/nix/store/../../etc", f"{ROOT}; reboot", ""])
async def test_only_store_paths_are_asked_for(store: NixStore, path: str) -> None:
    with pytest.raises(NotAStorePath):
        await closure(LocalTransport(HOST, "false", store.environment), path)


ANSWER = f"motd\n#nixtui-closure paths\n{OPENSSL}\n{ROOT}\n#nixtui-closure sizes\n2048\n1024\n#nixtui-closure end\n"


def test_a_banner_is_stepped_over() -> None:
    assert parse_closure("web-1", ROOT, Completed(0, ANSWER, "")) == Closure(ROOT, {OPENSSL: 2048, ROOT: 1024})


@pytest.mark.parametrize(
    "stdout",
    [
        "",
        ANSWER.replace("2048\n", ""),
        ANSWER.replace("2048", "much"),
        ANSWER.replace("2048", "-1"),
        ANSWER.replace(OPENSSL, "/etc/passwd"),
        ANSWER.replace(ROOT, OPENSSL),
        ANSWER.removesuffix("#nixtui-closure end\n"),
    ],
)
def test_half_an_answer_is_none(stdout: str) -> None:
    with pytest.raises(BadAnswer):
        parse_closure("web-1", ROOT, Completed(0, stdout, ""))


class CountingTransport(LocalTransport):
    """Counts the questions that reach the host."""

    asked = 0

    async def run(self, script: Script, *arguments: str, **options: object) -> Completed:
        self.asked += 1
        return await super().run(script, *arguments, **options)  # type: ignore[arg-type]  # the protocol's own options


@pytest.fixture
def transport(store: NixStore) -> CountingTransport:
    return CountingTransport(HOST, environment=store.environment)


async def test_a_closure_is_asked_for_once(transport: CountingTransport, store: NixStore, tmp_path: Path) -> None:
    system = store.system(5)
    cache = ClosureCache(tmp_path / "cache")
    assert cache.remembered(system) is None
    first, second = await asyncio.gather(cache.closure(transport, system), cache.closure(transport, system))
    assert first == second == cache.remembered(system)
    again = ClosureCache(tmp_path / "cache")
    assert await again.closure(transport, system) == first
    assert transport.asked == 1


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff\xfe", b"[]", b'{"root": "/nix/store/x", "sizes": {}}'])
async def test_a_broken_file_is_written_anew(
    transport: CountingTransport, store: NixStore, tmp_path: Path, broken: bytes
) -> None:
    system = store.system(5)
    whole = await ClosureCache(tmp_path / "cache").closure(transport, system)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(broken)
    assert await ClosureCache(tmp_path / "cache").closure(transport, system) == whole
    assert msgspec.json.decode(file.read_bytes(), type=Closure) == whole
    assert transport.asked == 2


async def test_the_file_of_another_system_is_not_believed(
    transport: CountingTransport, store: NixStore, tmp_path: Path
) -> None:
    one, other = store.system(1), store.system(2)
    cache = ClosureCache(tmp_path / "cache")
    await cache.closure(transport, one)
    (file,) = (tmp_path / "cache").iterdir()
    shutil.copy(file, file.with_name(f"{other.rpartition('/')[2]}.json"))
    assert (await ClosureCache(tmp_path / "cache").closure(transport, other)).root == other


async def test_both_stores_are_bounded(transport: CountingTransport, store: NixStore, tmp_path: Path) -> None:
    systems = [store.system(number) for number in range(1, 6)]
    cache = ClosureCache(tmp_path / "cache", in_memory=2, on_disk=3)
    for age, system in enumerate(systems):
        await cache.closure(transport, system)
        newest = tmp_path / "cache" / f"{system.rpartition('/')[2]}.json"
        os.utime(newest, (1_700_000_000 + age, 1_700_000_000 + age))
    assert [cache.remembered(system) is not None for system in systems] == [False, False, False, True, True]
    kept = {file.name.removesuffix(".json") for file in (tmp_path / "cache").iterdir()}
    assert kept == {system.rpartition("/")[2] for system in systems[2:]}


async def test_a_folder_that_cannot_be_made_costs_nothing_but_time(
    transport: CountingTransport, store: NixStore, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    system = store.system(1)
    assert (await ClosureCache(tmp_path / "cache").closure(transport, system)).root == system


async def test_a_host_that_fails_is_asked_again(transport: CountingTransport, store: NixStore, tmp_path: Path) -> None:
    cache = ClosureCache(tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(PathGone):
            await cache.closure(transport, ROOT)
    assert transport.asked == 2
    assert not (tmp_path / "cache").exists()
