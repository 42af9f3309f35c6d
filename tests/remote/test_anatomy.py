"""What systems are made of, as their own files tell, and what of it differs; pins."""

from pathlib import Path

import pytest

from nixtui.model.anatomy import Anatomy, compare
from nixtui.model.host import Host
from nixtui.remote.anatomy import anatomies, parse_anatomies
from nixtui.remote.errors import BadAnswer, PathGone
from nixtui.remote.generations import generations
from nixtui.remote.pins import pin, unpin
from nixtui.remote.reclaim import reclaimable
from nixtui.remote.transport import Completed
from tests.remote.local_transport import SHELLS, LocalTransport
from tests.remote.nixos_root import REVISION, NixosRoot, store_name, web_host

HOST = Host(name="web-1", address="web-1")
PATH = f"/nix/store/{store_name(1, 'nixos-system-web-25.11')}"


@pytest.fixture
def root(tmp_path: Path) -> NixosRoot:
    return web_host(tmp_path / "root with a space")


@pytest.fixture(params=SHELLS)
def transport(request: pytest.FixtureRequest, root: NixosRoot) -> LocalTransport:
    return LocalTransport(HOST, str(request.param), root.environment)


def unit(root: NixosRoot, system: str, name: str, text: str, *, store: int = 1) -> None:
    """As NixOS has it: `etc/systemd/system` leads to a folder of links to files of other store paths."""
    units = f"/nix/store/{store_name(store, 'system-units')}-{system[-8:]}"
    root.link(f"{system}/etc/systemd/system", units)
    folder = f"/nix/store/{store_name(store, 'unit-' + name.replace('/', '-'))}-{system[-8:]}"
    file = f"{folder}/{name.rpartition('/')[2]}"
    root.write(file, text)
    root.link(f"{units}/{name}", file)


async def test_units_are_compared_by_what_is_in_them_and_not_by_where_they_are(
    root: NixosRoot, transport: LocalTransport
) -> None:
    old, new = root.system(411), root.system(412)
    for system in (old, new):
        unit(root, system, "sshd.service", "[Service]\nExecStart=same")
        unit(root, system, "-.mount", "[Mount]")
        unit(root, system, "user@.service", "[Service]")
    unit(root, old, "nginx.service", "[Service]\nExecStart=1.28")
    unit(root, new, "nginx.service", "[Service]\nExecStart=1.29")
    unit(root, old, "legacy.service", "[Service]")
    unit(root, new, "backup.timer", "[Timer]")
    unit(root, new, "sshd.service.d/overrides.conf", "[Service]\nNice=5")
    found = compare(*await anatomies(transport, [old, new]))
    assert found.units is not None
    assert found.units.changed == ("nginx.service", "sshd.service")
    assert (found.units.added, found.units.removed) == (("backup.timer",), ("legacy.service",))
    assert found.units.names == ("backup.timer", "legacy.service", "nginx.service", "sshd.service")
    assert found.before.units is not None
    assert "-.mount" in found.before.units


async def test_kernel_version_revision_and_what_only_a_boot_takes_up(
    root: NixosRoot, transport: LocalTransport
) -> None:
    new = root.system(500, kernel="6.12.58", specialisations=("rescue",))
    found = compare(*await anatomies(transport, [root.system(412), new]))
    assert (found.before.kernel, found.after.kernel) == ("6.12.51", "6.12.58")
    assert (found.after.nixos_version, found.after.revision) == ("25.11.20260500", REVISION)
    assert found.boot_parts == ("initrd", "kernel", "kernel-modules")
    assert found.reboot_needed is True
    assert (found.specialisations_added, found.specialisations_removed) == (("rescue",), ())
    same = compare(*await anatomies(transport, [root.system(412), root.system(411)]))
    assert (same.boot_parts, same.reboot_needed) == ((), False)


async def test_a_system_that_is_gone_is_said(root: NixosRoot, transport: LocalTransport) -> None:
    with pytest.raises(PathGone):
        await anatomies(transport, [root.system(412), PATH])


@pytest.mark.parametrize(
    "said",
    ["", "#nixtui-anatomy begin\n", "garbage\n#nixtui-anatomy begin\n#nixtui-anatomy end\n", "#nixtui-anatomy end\n"],
)
def test_half_an_answer_is_none(said: str) -> None:
    with pytest.raises(BadAnswer):
        parse_anatomies("web-1", [PATH], Completed(0, said, ""))


def test_hostile_lines_are_kept_or_dropped_and_harm_nothing() -> None:
    lines = [
        "system " + PATH,
        "units listed",
        "unit nonsense",
        "unit 1 2 a b.service",
        "part",
        "kernel 6.1",
        "what ever",
    ]
    said = "\n".join(["banner", "#nixtui-anatomy begin", *lines, "#nixtui-anatomy end"])
    (found,) = parse_anatomies("web-1", [PATH], Completed(0, said, ""))
    assert found.units == {"a b.service": "1:2:"}
    assert found.kernel == "6.1"
    many = "\n".join(f"unit 1 2 u{number}.service" for number in range(20_000))
    said = f"#nixtui-anatomy begin\nsystem {PATH}\nunits listed\n{many}\n#nixtui-anatomy end"
    (found,) = parse_anatomies("web-1", [PATH], Completed(0, said, ""))
    assert found.units is not None
    assert len(found.units) == 10_000


def test_too_many_units_are_unknown_and_not_none() -> None:
    known, unknown = Anatomy(path="a", units={"x.service": "1"}), Anatomy(path="b", units=None)
    assert compare(known, unknown).units is None
    assert compare(known, unknown).reboot_needed is None


async def test_a_pin_is_a_root_of_its_own_and_is_told_with_the_generations(
    root: NixosRoot, transport: LocalTransport
) -> None:
    system = root.system(410)
    await pin(transport, system)
    await pin(transport, system)
    found = await generations(transport)
    assert found.pins == (system,)
    assert [each.number for each in found.items if each.pinned] == [410]
    await unpin(transport, system)
    assert (await generations(transport)).pins == ()
    assert not root.at("/nix/var/nix/gcroots/nixtui-pins").exists()


async def test_what_is_not_there_cannot_be_pinned(root: NixosRoot, transport: LocalTransport) -> None:
    with pytest.raises(BadAnswer, match="is no system in its store"):
        await pin(transport, PATH)


async def test_what_only_old_systems_need_is_what_they_take(root: NixosRoot, transport: LocalTransport) -> None:
    old, new = root.system(410), root.system(412)
    root.program(
        "nix-store",
        'case "$*" in *--size*) shift 2; for each; do echo 1000; done ;;'
        f" *{old}*) echo /nix/store/shared; echo {old}; echo /nix/store/openssl-1 ;;"
        f" *) echo /nix/store/shared; echo {new} ;; esac",
    )
    assert await reclaimable(transport, [old], [new]) == 2000
    assert await reclaimable(transport, [], [new]) == 0
