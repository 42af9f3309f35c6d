"""What an image may be called: checked before gigabytes are sent, not after."""

import re

_NAME = re.compile(r"[A-Za-z0-9 ()\[\]./\-'@_]{3,128}")
"""EC2's RegisterImage: 3 to 128 of these characters."""

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")


def refuse_image_name(text: str) -> str | None:
    """Why an image cannot have this name, as the end of a sentence; `None` when it can."""
    if not 3 <= len(text) <= 128:
        return f"has {len(text)} characters; EC2 wants 3 to 128"
    if _NAME.fullmatch(text):
        return None
    strange = next(sign for sign in text if not re.fullmatch(r"[A-Za-z0-9 ()\[\]./\-'@_]", sign))
    return f"has {strange!a}; EC2 takes letters, digits, spaces and ( ) [ ] . / - ' @ _"


def refuse_region(text: str) -> str | None:
    """Why this names no region, as the end of a sentence; `None` when it may."""
    return None if _REGION.fullmatch(text) else "does not look like a region, such as eu-central-1"


def as_image_name(text: str, *, suffix: str) -> str:
    """`text` as far as a name may have it, with `suffix` whole at its end."""
    allowed = re.sub(r"[^A-Za-z0-9 ()\[\]./\-'@_]", "-", text)
    return allowed[: 128 - len(suffix)] + suffix
