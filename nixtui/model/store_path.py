"""Paths in the Nix store, and the package name and version they carry."""

import re
from typing import NamedTuple

STORE_DIR = "/nix/store"

# Nix's own alphabet leaves out e, o, t and u, but a hash is only cut off here, never checked, so any
# 32 characters of base 32 will do (nix: src/libutil/hash.hh, "omitted: E O U T"). A name has at most 211 characters
# (src/libstore/path.hh, MaxPathLen).
_STORE_PATH = re.compile(r"/nix/store/([0-9a-z]{32})-([0-9a-zA-Z+\-._?=]{1,211})\Z")

# The split that nvd and dix use: the version starts at the first "-" followed by a digit.
_NAME_AND_VERSION = re.compile(r"(.+?)(?:-([0-9].*?))?(?:\.drv)?\Z", re.DOTALL)

_SYSTEM_NAME = re.compile(r"nixos-system-(?P<host>.+)-(?P<version>[0-9]{2}\.[0-9]{2}.*)\Z")


class Package(NamedTuple):
    """What a store path holds, as far as its name tells: `openssl` `3.4.1`; the version may be missing."""

    name: str
    version: str | None


class NotAStorePath(ValueError):
    """The text is not `/nix/store/HASH-NAME`."""


def is_store_path(text: str) -> bool:
    """True for a path directly below the store, the only kind nixtui hands to a host."""
    return _STORE_PATH.match(text) is not None


def require_store_path(text: str) -> str:
    """`text` itself when it is a store path; raises `NotAStorePath` otherwise."""
    if not is_store_path(text):
        raise NotAStorePath(f"{text!r} is not a path in {STORE_DIR}")
    return text


def short_name(path: str) -> str:
    """The name without directory and hash, for people to read; other text comes back as it is."""
    match = _STORE_PATH.match(path)
    return match[2] if match else path


def package_of(path: str) -> Package:
    """Package name and version of a store path: `…-openssl-3.4.1-bin` is `openssl`, `3.4.1-bin`.

    Text that is no store path is taken for a name, whatever it is: it may come from a host.
    """
    match = _NAME_AND_VERSION.match(short_name(path))
    return Package(match[1], match[2]) if match else Package(path, None)


def system_version(path: str) -> str | None:
    """NixOS version in the name of a toplevel (`nixos-system-web-25.11.20261120.98fe21c`), if it has one."""
    match = _SYSTEM_NAME.match(short_name(path))
    return match["version"] if match else None
