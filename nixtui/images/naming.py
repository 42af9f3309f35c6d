"""What an image may be called: checked before gigabytes are sent, not after."""

import re

from nixtui.model.naming import refuse_region as refuse_region  # where images are, too

_NAME = re.compile(r"[A-Za-z0-9 ()\[\]./\-'@_]{3,128}")
"""EC2's RegisterImage: 3 to 128 of these characters."""


def refuse_image_name(text: str) -> str | None:
    """Why an image cannot have this name, as the end of a sentence; `None` when it can."""
    if not 3 <= len(text) <= 128:
        return f"has {len(text)} characters; EC2 wants 3 to 128"
    if _NAME.fullmatch(text):
        return None
    strange = next(sign for sign in text if not re.fullmatch(r"[A-Za-z0-9 ()\[\]./\-'@_]", sign))
    return f"has {strange!a}; EC2 takes letters, digits, spaces and ( ) [ ] . / - ' @ _"


def as_image_name(text: str, *, suffix: str) -> str:
    """`text` as far as a name may have it, with `suffix` whole at its end."""
    allowed = re.sub(r"[^A-Za-z0-9 ()\[\]./\-'@_]", "-", text)
    return allowed[: 128 - len(suffix)] + suffix
