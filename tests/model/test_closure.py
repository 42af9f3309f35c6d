import json
import random
import subprocess

import pytest

from nixtui.model.closure import Change, Closure, PackageChange, diff, version_key


def path(name: str, salt: str = "0") -> str:
    return f"/nix/store/{salt * 32}-{name}"


def closure(*names: str, salt: str = "0", size: int = 10) -> Closure:
    return Closure(path("nixos-system-web-25.11", salt), {path(name, salt): size for name in names})


def changes(before: Closure, after: Closure) -> list[tuple[str, Change]]:
    return [(each.name, each.change) for each in diff(before, after).packages]


def test_packages_that_came_went_and_changed() -> None:
    found = diff(
        closure("bash-5.2", "gone-1", "nginx-1.26.2", "redis-7.4"),
        closure("bash-5.2", "nginx-1.28.0", "new", "redis-7.2"),
    )
    assert found.packages == (
        PackageChange("gone", ("1",), (), Change.REMOVED),
        PackageChange("new", (), ("",), Change.ADDED),
        PackageChange("nginx", ("1.26.2",), ("1.28.0",), Change.UPGRADED),
        PackageChange("redis", ("7.4",), ("7.2",), Change.DOWNGRADED),
    )
    assert found.counts == {
        Change.ADDED: 1,
        Change.REMOVED: 1,
        Change.UPGRADED: 1,
        Change.DOWNGRADED: 1,
        Change.CHANGED: 0,
    }


def test_the_same_version_built_anew_is_counted_but_not_listed() -> None:
    found = diff(closure("bash-5.2", "etc", salt="0"), closure("bash-5.2", "etc", salt="1"))
    assert found.packages == ()
    assert found.rebuilt == 2


def test_outputs_belong_to_their_package() -> None:
    before = closure("openssl-3.4.1", "openssl-3.4.1-bin", "openssl-3.4.1-dev")
    assert changes(before, closure("openssl-3.4.2", "openssl-3.4.2-bin")) == [("openssl", Change.UPGRADED)]
    assert changes(before, closure("openssl-3.4.1")) == []


def test_several_versions_side_by_side() -> None:
    both = closure("icu-74", "icu-76")
    assert changes(both, closure("icu-76", "icu-77")) == [("icu", Change.UPGRADED)]
    assert diff(both, closure("icu-76")).packages == (PackageChange("icu", ("74",), (), Change.CHANGED),)
    assert changes(closure("x-1", "x-4"), closure("x-2", "x-3")) == [("x", Change.CHANGED)]


def test_the_systems_themselves_are_no_packages() -> None:
    before = Closure(path("nixos-system-web-25.05"), {path("nixos-system-web-25.05"): 1})
    after = Closure(path("nixos-system-web-25.11"), {path("nixos-system-web-25.11"): 1})
    found = diff(before, after)
    assert (found.packages, found.rebuilt) == ((), 0)


def test_sizes_are_those_of_whole_closures() -> None:
    found = diff(closure("a-1", size=100), closure("a-1", "b-1", size=100))
    assert (found.bytes_before, found.bytes_after) == (100, 200)


def test_there_and_back_again() -> None:
    before, after = closure("a-1", "b-2", "c-1"), closure("b-3", "c-1", "d-0")
    there, back = diff(before, after), diff(after, before)
    assert [each.name for each in there.packages] == [each.name for each in back.packages]
    assert [(each.before, each.after) for each in there.packages] == [
        (each.after, each.before) for each in back.packages
    ]
    assert diff(before, before).packages == ()


def test_a_closure_of_garbage_is_no_crash() -> None:
    before = Closure("", {"": 0, "\n": 1, "x-" + "9" * 5000: 2})
    after = Closure("?", {"x-" + "8" * 5000: 2, "x-²٣": 1})
    assert {each.name for each in diff(before, after).packages} == {"\n", "x", "x-²٣"}


VERSIONS = (
    " 0 00 1 01 1.0 1.0.0 1.0pre 1.0pre2 1.0a 1.0-a 1.10 1.9 2 2.3pre1 2.3 2.3.1 2.3a 1.0+5 1.0_5 1.0_a 10 9 "
    "a b pre rc1 1.pre pre.1 1.0.pre 2.39-52 3.4.1-bin 20261120 25.11.20261120.98fe21c unstable-2026-11-20"
)
"""Separated by blanks; the first is empty: a path without a version."""


def compare(first: str, second: str) -> int:
    a, b = version_key(first), version_key(second)
    return (a > b) - (a < b)


def test_versions_are_ordered_as_nix_orders_them() -> None:
    """Asked from Nix itself, for all pairs of these and for many that nobody would release."""
    chance = random.Random(7)  # noqa: S311 - reproducible, not secret
    invented = ["".join(chance.choices("019ab.-+_", k=chance.randrange(1, 8))) for _ in range(300)]
    versions = VERSIONS.split(" ")
    pairs = [(first, second) for first in versions for second in (*versions, *invented)]
    written = " ".join(f"[ {json.dumps(first)} {json.dumps(second)} ]" for first, second in pairs)
    expression = f"map (p: builtins.compareVersions (builtins.elemAt p 0) (builtins.elemAt p 1)) [ {written} ]"
    asked = subprocess.run(
        ["nix-instantiate", "--store", "dummy://", "--eval", "--strict", "--json", "-"],
        input=expression,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(asked.stdout)
    assert [(pair, compare(*pair)) for pair in pairs] == list(zip(pairs, told, strict=True))


@pytest.mark.parametrize(
    ("older", "newer"), [("99999999999999999999", "100000000000000000000"), ("8" * 5000, "9" * 5000)]
)
def test_numbers_of_any_length_are_compared_by_value(older: str, newer: str) -> None:
    assert compare(older, newer) == -1
    assert compare("0" * 5000 + "1", "1") == 0
