"""What lies in a demo host's store that nothing needs any more: what was tried, and what it was made from."""

from collections.abc import Mapping
from random import Random
from typing import Final

from nixtui.demo.store_path import store_path

_TRIED: Final = (
    ("shop-api-3.18.0-rc1", 61_000),
    ("source", 4_200),
    ("nginx-1.29.1.tar.gz", 1_300),
    ("python3.13-requests-2.32.5", 900),
    ("stdenv-linux", 60),
    ("hook", 2),
    ("cargo-vendor-dir", 38_000),
    ("node_modules", 210_000),
    ("etc-shop.toml", 2),
    ("unit-script-migrate-start", 1),
)


def litter_of(host: str) -> Mapping[str, int]:
    """Dead paths with their sizes in KiB; more on hosts that build."""
    random = Random(f"{host}/litter")  # noqa: S311 - a demo's numbers protect nothing
    rounds = 24 if host.startswith("build") else random.randint(3, 7)
    return {
        store_path(name, host, "litter", str(number)): int(kib * random.uniform(0.7, 1.4)) + 1
        for number in range(rounds)
        for name, kib in _TRIED
    }


BROKEN_ON: Final = "cache-1"
"""The host with a path in its store that is not what it should be any more."""
