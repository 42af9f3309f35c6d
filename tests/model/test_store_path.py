import pytest

from nixtui.model.store_path import (
    NotAStorePath,
    Package,
    is_store_path,
    package_of,
    require_store_path,
    short_name,
    system_version,
)

HASH = "0c0yp0v10asdb8h4hbk9zqkdbrmk5hwx"
SYSTEM = f"/nix/store/{HASH}-nixos-system-web-25.11.20261120.98fe21c"


@pytest.mark.parametrize(
    "path", [SYSTEM, f"/nix/store/{HASH}-a", f"/nix/store/{HASH}-+-._?=", f"/nix/store/{HASH}-{'x' * 211}"]
)
def test_paths_in_the_store(path: str) -> None:
    assert is_store_path(path)
    assert require_store_path(path) is path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/nix/store",
        "/nix/store/",
        f"/nix/store/{HASH}",
        f"/nix/store/{HASH}-",
        f"/nix/store/{HASH[1:]}-a",
        f"/nix/store/{HASH}-a/bin/sh",
        f"/nix/store/{HASH}-a\n",
        f"/nix/store/{HASH}-a;reboot",
        f"/nix/store/{HASH}-$(reboot)",
        f"/nix/store/{HASH}-a b",
        f"/nix/store/{HASH}-ä",
        f"/nix/store/{HASH}-{'x' * 212}",
        f"/nix/store/{HASH.upper()}-a",
        f"/nix/store/../{HASH}-a",
        f" /nix/store/{HASH}-a",
        f"/nix/var/{HASH}-a",
    ],
)
def test_everything_else_never_reaches_a_host(text: str) -> None:
    assert not is_store_path(text)
    with pytest.raises(NotAStorePath):
        require_store_path(text)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("openssl-3.4.1", Package("openssl", "3.4.1")),
        ("openssl-3.4.1-bin", Package("openssl", "3.4.1-bin")),
        ("python3.13-requests-2.32.3", Package("python3.13-requests", "2.32.3")),
        ("etc", Package("etc", None)),
        ("x11-ssh-askpass-1.2.4.1", Package("x11-ssh-askpass", "1.2.4.1")),
        ("source.drv", Package("source", None)),
        ("hello-2.12.1.drv", Package("hello", "2.12.1")),
        ("unit-nginx.service", Package("unit-nginx.service", None)),
        ("-1.0", Package("-1.0", None)),
        ("a-0", Package("a", "0")),
    ],
)
def test_name_and_version_of_a_package(name: str, package: Package) -> None:
    assert package_of(f"/nix/store/{HASH}-{name}") == package
    assert short_name(f"/nix/store/{HASH}-{name}") == name


@pytest.mark.parametrize("garbage", ["", "\n", "a\nb", "x-1\n2", "\x00", "-" * 5000, "-1" * 5000, ".drv"])
def test_what_a_host_says_instead_of_a_path_is_taken_for_a_name(garbage: str) -> None:
    package = package_of(garbage)
    assert garbage.startswith(package.name)
    assert short_name(garbage) == garbage


@pytest.mark.parametrize(
    ("path", "version"),
    [
        (SYSTEM, "25.11.20261120.98fe21c"),
        (f"/nix/store/{HASH}-nixos-system-db-24.05-25.11pre", "25.11pre"),
        (f"/nix/store/{HASH}-nixos-system-web", None),
        (f"/nix/store/{HASH}-hello-25.11", None),
        ("", None),
    ],
)
def test_the_version_in_the_name_of_a_system(path: str, version: str | None) -> None:
    assert system_version(path) == version
