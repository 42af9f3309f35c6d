"""What an image would be, and building it, with the real Nix and configurations as nixpkgs of several years has."""

from pathlib import Path

import pytest

from nixtui.images.disk import BadImage
from nixtui.images.foreseeing import Foreseen, foresee, realise
from nixtui.nix.errors import NixError
from nixtui.nix.flake import open_flake
from tests.images.image_flake import BEFORE, CLOSED, TODAY, a_flake
from tests.nix.flakes import write_flake
from tests.nix.systems_flake import nix_environ


@pytest.mark.parametrize(("kind", "form"), [(TODAY, "raw"), (BEFORE, "raw"), (CLOSED, "vhd")])
async def test_raw_is_forced_where_the_configuration_lets_it(tmp_path: Path, kind: str, form: str) -> None:
    flake = a_flake(tmp_path, kind)
    found = await foresee(flake, "web")
    assert found.out.endswith(f"-{form}")
    assert (found.architecture, found.label, found.gib, found.efi) == ("x86_64", "25.11", 4, False)
    assert found.system is not None
    assert found.system.endswith("-nixos-system-web-25.11")
    assert found.revision == "abc123"
    assert (await foresee(flake, "web", force_raw=False)).out.endswith("-vhd")


async def test_an_attribute_of_the_flake_may_be_the_image(tmp_path: Path) -> None:
    found = await foresee(a_flake(tmp_path), "#images.web")
    assert found.out.endswith("-raw")
    assert found.label == "25.11"


async def test_it_is_built_and_then_known_to_be_there(tmp_path: Path) -> None:
    flake = a_flake(tmp_path)
    found = await foresee(flake, "web")
    assert found.built is None
    lines: list[str] = []
    built = await realise(flake, found, nix_environ(tmp_path), lines.append)
    assert built.store_path == found.out
    assert (built.architecture, built.boot_mode) == ("x86_64", "legacy-bios")
    assert built.file == f"{found.out}/disk.raw"
    assert (await foresee(flake, "web")).built == built


async def test_a_host_without_an_image_is_a_sentence_of_nix(tmp_path: Path) -> None:
    where = write_flake(tmp_path / "flake", "{ nixosConfigurations.web.config.system.build = { }; }")
    with pytest.raises(NixError) as caught:
        await foresee(open_flake(".", base=where, environ=nix_environ(tmp_path)), "web")
    assert "amazonImage" in caught.value.reason


async def test_what_ec2_has_no_instances_for_is_refused(tmp_path: Path) -> None:
    text = '{ images.web = derivation { name = "i"; system = "riscv64-linux"; builder = "/bin/sh"; }; }'
    where = write_flake(tmp_path / "flake", text)
    with pytest.raises(BadImage) as caught:
        await foresee(open_flake(".", base=where, environ=nix_environ(tmp_path)), "#images.web")
    assert "EC2 has no riscv64-linux instances" in str(caught.value)


def test_sizes_that_the_configuration_leaves_open_are_not_known() -> None:
    assert Foreseen(drv="d", out="o", mib="auto").gib is None
