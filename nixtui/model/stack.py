"""A stack: hosts that are instances made, deployed to and destroyed together, by one name.

Clouds have the word for just that; an environment is a policy here, a network would be taken for a VPC, and a
deployment for what a deploy does.
"""

from typing import Final

TAG_STACK: Final = "nixtui:stack"
TAG_HOST: Final = "nixtui:stack-host"
TAG_FLEET: Final = "nixtui:stack-fleet"
"""The fleet whose configuration declares the stack, by its name: another fleet may call one of its own the same."""

OWN_TAGS: Final = frozenset({TAG_STACK, TAG_HOST, TAG_FLEET, "Name", "stack", "ec2", "region"})
"""What nobody may declare: they say whose an instance is, and which."""

HOST_TAG: Final = "stack"
"""The tag of a host of the fleet that says which stack it is of: `tag:stack=review`."""


def fleet_name(stack: str, host: str) -> str:
    """What a stack's host is called in the fleet. The flake's own host of that name may be another machine."""
    return f"{stack}-{host}"
