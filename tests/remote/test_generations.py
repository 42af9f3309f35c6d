"""Every generation of a host, as its links, its systems and its boot loader tell."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nixtui.model.generation import Generations
from nixtui.model.host import Host
from nixtui.remote.errors import BadAnswer
from nixtui.remote.generations import boot_entry, generations, parse_generations
from nixtui.remote.transport import Completed
from tests.remote.local_transport import SHELLS, LocalTransport
from tests.remote.nixos_root import REVISION, NixosRoot, web_host

HOST = Host(name="web-1", address="web-1")


@pytest.fixture(params=SHELLS)
def transport(request: pytest.FixtureRequest, root: NixosRoot) -> LocalTransport:
    return LocalTransport(HOST, str(request.param), root.environment)


@pytest.fixture
def root(tmp_path: Path) -> NixosRoot:
    return web_host(tmp_path / "root with a space")


async def test_a_host_in_good_order(root: NixosRoot, transport: LocalTransport) -> None:
    found = await generations(transport)
    assert [each.number for each in found.items] == [412, 411, 410]
    newest = found.items[0]
    assert (newest.path, newest.path_exists) == (root.system(412), True)
    assert (newest.nixos_version, newest.kernel, newest.configuration_revision) == (
        "25.11.20260412",
        "6.12.51",
        REVISION,
    )
    assert [each.created_at for each in found.items] == [1_790_412_000, 1_790_411_000, 1_790_410_000]
    assert (newest.running, newest.booted, newest.profile, newest.boot_default) == (True, True, True, None)
    assert not any(mark for each in found.items[1:] for mark in (each.running, each.booted, each.profile))
    assert found.current_system == found.booted_system == found.profile_system == root.system(412)
    assert found.switched_at == 1_790_500_000
    assert abs(found.clock - time.time()) < 60


async def test_running_booted_and_profile_may_be_three_generations(root: NixosRoot, transport: LocalTransport) -> None:
    root.runs(root.system(411))
    root.booted(root.system(410))
    found = await generations(transport)
    marks = {each.number: (each.running, each.booted, each.profile) for each in found.items}
    assert marks == {412: (False, False, True), 411: (True, False, False), 410: (False, True, False)}


async def test_a_running_system_that_is_no_generation(root: NixosRoot, transport: LocalTransport) -> None:
    root.runs(root.system(999))
    found = await generations(transport)
    assert found.current_system == root.system(999)
    assert found.running is None


async def test_a_generation_of_deploy_rs_runs_when_the_system_in_it_does(
    root: NixosRoot, transport: LocalTransport
) -> None:
    path = root.wrapped(root.system(412))
    root.generation(413, path)
    root.switch(413)
    found = await generations(transport)
    assert (found.items[0].path, found.items[0].wrapped) == (path, root.system(412))
    assert (found.items[0].running, found.items[0].booted, found.items[0].profile) == (True, True, True)
    assert (found.profile_system, found.profile_runs) == (path, found.current_system)
    assert [each.wrapped for each in found.items[1:]] == [None, None, None]


async def test_two_generations_of_one_system(root: NixosRoot, transport: LocalTransport) -> None:
    root.generation(413, root.system(411))
    root.switch(413)
    found = await generations(transport)
    assert [each.number for each in found.items if each.profile] == [413]
    again, first = found.with_number(413), found.with_number(411)
    assert again is not None and first is not None
    assert (again.nixos_version, again.configuration_revision) == (first.nixos_version, REVISION)


async def test_a_system_that_is_gone_is_no_target(root: NixosRoot, transport: LocalTransport) -> None:
    root.collect(root.system(411))
    found = await generations(transport)
    gone = found.with_number(411)
    assert gone is not None
    assert (gone.path_exists, gone.nixos_version, gone.kernel) == (False, None, None)
    assert gone.path == f"/nix/store/{'411'.rjust(32, '0')}-nixos-system-web-25.11.20260411"
    assert gone.created_at == 1_790_411_000
    assert len(found.items) == 3


async def test_a_profile_that_leads_nowhere(root: NixosRoot, transport: LocalTransport) -> None:
    root.switch(777)
    found = await generations(transport)
    assert (found.profile_system, found.profile) == (None, None)
    assert len(found.items) == 3


async def test_a_host_without_generations(root: NixosRoot, transport: LocalTransport) -> None:
    for link in root.at("/nix/var/nix/profiles").iterdir():
        link.unlink()
    found = await generations(transport)
    assert (found.items, found.profile_system, found.switched_at) == ((), None, None)
    assert found.current_system == root.system(412)


async def test_what_is_no_generation_is_left_out(root: NixosRoot, transport: LocalTransport) -> None:
    for name in ("system-12a-link", "system-0012-link", "system-extra-12-link", "default-3-link", "system-13-link.tmp"):
        root.link(f"/nix/var/nix/profiles/{name}", root.system(410))
    root.write("/nix/var/nix/profiles/system-14-link", "a file")
    assert [each.number for each in (await generations(transport)).items] == [412, 411, 410]


async def test_another_profile(root: NixosRoot, transport: LocalTransport) -> None:
    root.link("/nix/var/nix/profiles/system-profiles/canary-7-link", root.system(700))
    root.link("/nix/var/nix/profiles/system-profiles/canary", "canary-7-link")
    found = await generations(transport, profile="/nix/var/nix/profiles/system-profiles/canary")
    assert [(each.number, each.profile) for each in found.items] == [(7, True)]


async def test_names_that_are_hard_to_quote(root: NixosRoot, transport: LocalTransport) -> None:
    names = ("it's", 'the "big" one', "with space ", "a*b", "$(reboot)", "two\nlines", "colour\x1b[31m", "ünï")
    root.generation(413, root.system(413, specialisations=names, version="26.05 'pre'\\n"))
    newest = (await generations(transport)).items[0]
    assert newest.number == 413
    assert set(newest.specialisations) == {
        "it's", 'the "big" one', "with space ", "a*b", "$(reboot)", "two?lines", "colour?[31m", "ünï"
    }  # fmt: skip
    assert newest.nixos_version == "26.05 'pre'\\n"


async def test_a_system_without_a_revision(root: NixosRoot, transport: LocalTransport) -> None:
    root.generation(413, root.system(413, revision=None))
    newest = (await generations(transport)).items[0]
    assert (newest.nixos_version, newest.configuration_revision) == ("25.11.20260413", None)


async def test_five_hundred_generations(root: NixosRoot, transport: LocalTransport) -> None:
    for number in range(1000, 1500):
        root.generation(number, root.system(number), created_at=1_790_000_000 + number)
    started = time.perf_counter()
    found = await generations(transport)
    assert [each.number for each in found.items] == [*range(1499, 999, -1), 412, 411, 410]
    assert found.items[0].configuration_revision == REVISION
    assert time.perf_counter() - started < 20, "0.3 s for a hundred on an idle machine"


def systemd_boot(root: NixosRoot, esp: str = "/boot", default: str = "nixos-generation-411.conf") -> None:
    root.write(f"{esp}/loader/loader.conf", f"timeout 5\ndefault {default}\nconsole-mode keep\n")
    for number in (9, 410, 411, 412):
        system = root.system(number)
        root.write(
            f"{esp}/loader/entries/nixos-generation-{number}.conf",
            f"title NixOS\nsort-key nixos\nversion Generation {number}\nlinux /EFI/nixos/kernel.efi\n"
            f"options init={system}/init loglevel=4\n",
        )


def grub(root: NixosRoot) -> None:
    root.write(
        "/boot/grub/grub.cfg",
        'set default=0\nmenuentry "NixOS" {\n  linux ($drive1)//kernels/kernel '
        f'init={root.system(411)}/init loglevel=4\n}}\nsubmenu "NixOS - All" {{\n'
        f"  linux ($drive1)//kernels/kernel init={root.system(412)}/init\n}}\n",
    )


def extlinux(root: NixosRoot) -> None:
    root.write(
        "/boot/extlinux/extlinux.conf",
        "# Generated\nDEFAULT nixos-default\nTIMEOUT 50\n\nLABEL nixos-412-default\n"
        f"  APPEND init={root.system(412)}/init\nLABEL nixos-default\n  MENU LABEL NixOS - Default\n"
        f"  LINUX ../nixos/kernel\n  APPEND console=ttyS0 init={root.system(411)}/init loglevel=4\n",
    )


@pytest.mark.parametrize(
    "loader",
    [
        systemd_boot,
        lambda root: systemd_boot(root, esp="/efi"),
        lambda root: systemd_boot(root, esp="/boot/efi"),
        grub,
        extlinux,
    ],
    ids=["systemd-boot", "systemd-boot in /efi", "systemd-boot in /boot/efi", "grub", "extlinux"],
)
async def test_what_boots_next(root: NixosRoot, transport: LocalTransport, loader: Callable[[NixosRoot], None]) -> None:
    loader(root)
    found = await generations(transport, elevated=True)
    assert found.boot_default == root.system(411)
    assert {each.number: each.boot_default for each in found.items} == {412: False, 411: True, 410: False}


async def test_the_boot_loader_that_was_written_last_is_asked(root: NixosRoot, transport: LocalTransport) -> None:
    systemd_boot(root, default="nixos-generation-410.conf")
    grub(root)
    for file, at in (("/boot/loader/loader.conf", 1_700_000_000), ("/boot/grub/grub.cfg", 1_790_000_000)):
        os.utime(root.at(file), (at, at))
    assert (await generations(transport)).boot_default == root.system(411)


async def test_a_default_that_no_entry_has_is_unknown(root: NixosRoot, transport: LocalTransport) -> None:
    systemd_boot(root, default="nixos-generation-400.conf")
    found = await generations(transport)
    assert found.boot_default is None
    assert found.items[0].boot_default is None


ENTRIES = [
    ("nixos-generation-9.conf", "nine"),
    ("nixos-generation-10.conf", "ten"),
    ("nixos-generation-10-specialisation-rescue.conf", "rescue"),
    ("nixos-generation-11+3-1.conf", "eleven"),
    ("memtest86.conf", "memtest"),
]


@pytest.mark.parametrize(
    ("pattern", "system"),
    [
        ("nixos-generation-9.conf", "nine"),
        ("nixos-generation-9", "nine"),
        ("nixos-*", "eleven"),
        ("nixos-generation-1?.conf", "eleven"),
        ("nixos-generation-10*", "ten"),
        ("nixos-generation-11.conf", "eleven"),
        ("nixos-generation-10-specialisation-rescue.conf", "rescue"),
        ("@saved", None),
        ("", None),
        ("[", None),
    ],
)
def test_the_entry_that_systemd_boot_takes(pattern: str, system: str | None) -> None:
    assert boot_entry(pattern, ENTRIES) == system


ANSWER = """Welcome!
#nixtui-generations begin
clock 1790000000
current /nix/store/a
generation 2
created_at 1790000000
path /nix/store/a
colour blue
#nixtui-generations end
"""


def parse(stdout: str, status: int | None = 0, stderr: str = "") -> Generations:
    return parse_generations("web-1", Completed(status, stdout, stderr))


def test_a_banner_and_unknown_keys_are_stepped_over() -> None:
    assert [each.number for each in parse(ANSWER).items] == [2]


@pytest.mark.parametrize(
    "stdout",
    [
        "",
        ANSWER.replace("#nixtui-generations end\n", ""),
        ANSWER.replace("begin", "started"),
        ANSWER.replace("clock 1790000000\n", ""),
        ANSWER.replace("generation 2", "generation two"),
    ],
)
def test_half_an_answer_is_none(stdout: str) -> None:
    with pytest.raises(BadAnswer, match="web-1"):
        parse(stdout)


def test_an_answer_that_broke_off_says_why() -> None:
    with pytest.raises(BadAnswer, match=r"exit status 127\): sh: stat: not found"):
        parse("", 127, "motd\nsh: stat: not found\n")


@pytest.mark.parametrize("since", ["1790000000", "never"])
async def test_a_fresh_lock_is_told_with_its_holder_and_one_without_any_unit_is_none(
    root: NixosRoot, transport: LocalTransport, since: str
) -> None:
    root.write("/run/nixtui/lock", f"operation 8f2a\noperator Zoë from ops-2\nsince {int(time.time())}\nuptime 12\n")
    found = await generations(transport)
    assert found.lock is not None
    assert (found.lock.operation, found.lock.operator) == ("8f2a", "Zoë from ops-2")
    assert found.clock - found.lock.since < 30
    root.write("/run/nixtui/lock", f"operation ../x\noperator x\nsince {since}\n")
    assert (await generations(transport)).lock is None
