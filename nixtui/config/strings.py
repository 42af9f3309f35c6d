"""Strings of `nixtui.toml` that mean something: addresses, logins, flakes, selectors, colours."""

import re
from typing import NewType
from urllib.parse import urlsplit

from nixtui.config.value import BadValue, require_text
from nixtui.model.naming import printable, refuse_address, refuse_region, refuse_user
from nixtui.model.selector import BadSelector, parse_selector

Address = NewType("Address", str)
User = NewType("User", str)
FlakeReference = NewType("FlakeReference", str)
"""As the nix command takes it, without the `#attribute`."""

PullReference = NewType("PullReference", str)
"""A flake as `nixos-rebuild --flake` takes it, with or without the `#attribute`."""

HubReference = NewType("HubReference", str)
"""An output on FlakeHub as `fh apply nixos` takes it: `org/flake/version`, with or without the `#attribute`."""

HostSelector = NewType("HostSelector", str)
"""A selector that can be answered from the inventory alone."""

LocalUrl = NewType("LocalUrl", str)
"""`http://…` as a host itself would ask for it."""

Colour = NewType("Colour", str)
"""A word of the theme (`warning`, `red`) or `#rrggbb`."""

Region = NewType("Region", str)
"""A region of AWS."""

ImageReference = NewType("ImageReference", str)
"""An AMI: `ami-…`, the name of one of the account's own, or `ssm:/path` for the parameter that has its id."""

InstanceType = NewType("InstanceType", str)
"""Of EC2, such as `t3.small`."""

Subnet = NewType("Subnet", str)
SecurityGroup = NewType("SecurityGroup", str)

_AMI = re.compile(r"ami-[0-9a-f]{8,17}")
_PARAMETER = re.compile(r"ssm:/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_IMAGE_NAME = re.compile(r"[A-Za-z0-9 ()\[\]./\-'@_]{3,128}")
"""EC2's RegisterImage: 3 to 128 of these characters; none of them means others, as a `*` would."""

_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")

_ON_HUB = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+/[^\s/#]+(#[^\s#]+)?")


def parse_address(value: object) -> Address:
    """A host as ssh takes it. Raises `BadValue`."""
    text = require_text(value, "10.0.1.11")
    if reason := refuse_address(text):
        raise BadValue(f"{printable(text)} {reason}", 'write a name or an address such as "10.0.1.11"')
    return Address(text)


def parse_user(value: object) -> User:
    """A login as ssh takes it. Raises `BadValue`."""
    text = require_text(value, "deploy")
    if reason := refuse_user(text):
        raise BadValue(f"{printable(text)} {reason}", 'write a login such as "deploy"')
    return User(text)


def parse_flake(value: object) -> FlakeReference:
    """A flake as the nix command takes it. Raises `BadValue`."""
    text = require_text(value, ".")
    if "#" in text:
        raise BadValue(f"{printable(text)} names an attribute", f"write {printable(text.partition('#')[0] or '.')}")
    if not text or text.startswith("-") or not text.isprintable():
        raise BadValue(f"{printable(text)} is no flake reference", 'write for example "." or "github:owner/repository"')
    return FlakeReference(text)


def parse_pull(value: object) -> PullReference:
    """A flake that a host fetches by itself. Raises `BadValue`."""
    text = require_text(value, "github:owner/repository#web-1")
    if not text or text.startswith("-") or not text.isprintable() or " " in text:
        raise BadValue(f"{printable(text)} is no flake reference", 'write for example "github:owner/repository#web-1"')
    return PullReference(text)


def parse_hub(value: object) -> HubReference:
    """An output on FlakeHub. Raises `BadValue`."""
    text = require_text(value, "org/flake/*#nixosConfigurations.web-1")
    if _ON_HUB.fullmatch(text) is None or not text.isprintable():
        raise BadValue(
            f"{printable(text)} is no output on FlakeHub", 'write for example "org/flake/*#nixosConfigurations.web-1"'
        )
    return HubReference(text)


def parse_region(value: object) -> Region:
    """A region of AWS. Raises `BadValue`."""
    text = require_text(value, "eu-central-1")
    if reason := refuse_region(text):
        raise BadValue(f"{printable(text)} {reason}", "see: nixtui image list --all-regions")
    return Region(text)


def parse_image(value: object) -> ImageReference:
    """An AMI, by whatever names it. Raises `BadValue`."""
    text = require_text(value, "ami-0123456789abcdef0")
    known = _AMI if text.startswith("ami-") else _PARAMETER if text.startswith("ssm:") else _IMAGE_NAME
    if not known.fullmatch(text):
        raise BadValue(
            f"{printable(text)} names no image",
            'write its id ("ami-…"), the name of one of your own, or "ssm:/path" for the parameter that has the id',
        )
    return ImageReference(text)


def parse_instance_type(value: object) -> InstanceType:
    """A type of instances. Raises `BadValue`."""
    text = require_text(value, "t3.small")
    if not _INSTANCE_TYPE.fullmatch(text):
        raise BadValue(f"{printable(text)} is no instance type", 'write one such as "t3.small"')
    return InstanceType(text)


def parse_subnet(value: object) -> Subnet:
    """A subnet by its id. Raises `BadValue`."""
    text = require_text(value, "subnet-0123456789abcdef0")
    if not _SUBNET.fullmatch(text):
        raise BadValue(f"{printable(text)} is no subnet's id", 'write one such as "subnet-0123456789abcdef0"')
    return Subnet(text)


def parse_security_group(value: object) -> SecurityGroup:
    """A security group by its id. Raises `BadValue`."""
    text = require_text(value, "sg-0123456789abcdef0")
    if not _SECURITY_GROUP.fullmatch(text):
        raise BadValue(f"{printable(text)} is no security group's id", 'write one such as "sg-0123456789abcdef0"')
    return SecurityGroup(text)


def parse_host_selector(value: object) -> HostSelector:
    """Environments are given to hosts before any is seen, so neither state nor environment can choose one.

    Raises `BadValue`.
    """
    text = require_text(value, "tag:env=prod")
    try:
        selector = parse_selector(text)
    except BadSelector as error:
        raise BadValue("no selector", str(error)) from error
    if selector.needs_status or "env" in selector.kinds:
        raise BadValue(
            f"{printable(text)} asks how hosts are or in which environment",
            "an environment is chosen by name or tag, as in web-* or tag:env=prod",
        )
    return HostSelector(text)


def parse_local_url(value: object) -> LocalUrl:
    """A page that is asked for from the host, without TLS. Raises `BadValue`."""
    text = require_text(value, "http://localhost:8080/health")
    try:
        parts = urlsplit(text)
        usable = parts.scheme == "http" and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isascii() or not text.isprintable() or " " in text:
        raise BadValue(
            f"{printable(text)} is no page to ask a host for",
            'write one such as "http://localhost:8080/health"; for https write a command with curl',
        )
    return LocalUrl(text)


def parse_colour(value: object) -> Colour:
    """A colour for a badge. Raises `BadValue`."""
    text = require_text(value, "warning")
    if not re.fullmatch(r"[a-z][a-z-]{0,30}|#[0-9A-Fa-f]{6}", text):
        raise BadValue(f"{printable(text)} is no colour", 'write a word such as "warning" or "#d08770"')
    return Colour(text)
