"""The exact commands of a build, by where it is done and which Nix does it."""

from nixtui.nix.build_place import BuildOptions, BuildPlace
from nixtui.nix.version import NixVersion

OLD, NEW = NixVersion(2, 8), NixVersion(2, 34)
DRV = "/nix/store/00000000000000000000000000000000-a.drv"
OUT = "/nix/store/11111111111111111111111111111111-a"
EVENTS = ("--log-format", "internal-json", "-v")


def test_here() -> None:
    place = BuildPlace()
    assert place.build([DRV], OLD, BuildOptions()) == ("build", DRV, "--no-link", "--json", *EVENTS)
    assert place.build([DRV], NEW, BuildOptions()) == ("build", f"{DRV}^*", "--no-link", "--json", *EVENTS)
    assert (place.deliver([DRV]), place.fetch([OUT]), place.push([OUT])) == (None, None, None)
    assert place.dry_run([DRV], NEW, BuildOptions())[-1] == "--dry-run"


def test_on_a_build_host_and_back() -> None:
    place = BuildPlace("ssh-ng://me@builder", bring_back=True)
    assert place.deliver([DRV]) == ("copy", "-s", "--to", "ssh-ng://me@builder", "--derivation", DRV, *EVENTS)
    assert place.build([DRV], NEW, BuildOptions()) == (
        *("build", f"{DRV}^*", "--no-link", "--json"),
        *("--eval-store", "auto", "--store", "ssh-ng://me@builder"),
        *EVENTS,
    )
    assert place.fetch([OUT]) == ("copy", "--no-check-sigs", "--from", "ssh-ng://me@builder", OUT, *EVENTS)


def test_on_a_build_host_and_straight_on() -> None:
    place = BuildPlace("ssh-ng://builder", push_to="ssh-ng://web-1")
    assert place.fetch([OUT]) is None
    assert place.push([OUT]) == ("copy", "--from", "ssh-ng://builder", "--to", "ssh-ng://web-1", OUT, *EVENTS)


def test_into_a_binary_cache() -> None:
    assert BuildPlace(push_to="s3://cache").push([OUT]) == ("copy", "--to", "s3://cache", OUT, *EVENTS)


def test_what_nix_itself_is_told() -> None:
    options = BuildOptions(
        keep_going=True, builders="ssh-ng://b x86_64-linux", substituters="", more=(("max-jobs", "0"),)
    )
    assert options.words == (
        "--keep-going",
        *("--builders", "ssh-ng://b x86_64-linux"),
        *("--option", "substituters", ""),
        *("--option", "max-jobs", "0"),
    )
