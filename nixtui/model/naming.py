"""What a host's name, address and login may look like.

They come from files, flakes and clouds, and end up on screens, in selectors and as arguments of ssh and nix. Quoting
would protect a shell, but not ssh's own `ProxyCommand` with `%h` in it (CVE-2023-51385), nor an option parser from
`-oProxyCommand=…`, nor a person from a name that paints the terminal. So there is a list of what is let in.
"""

import re

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
_NAME_SIGNS = frozenset("._-+")
_ADDRESS_SIGNS = frozenset("._-+:%")  # IPv6, with a zone
_USER_SIGNS = frozenset("._-+@")  # directory logins are often user@domain
_LONGEST = 253
"""Characters, the limit of a name in DNS (RFC 1035, section 2.3.4)."""


def refuse_name(text: str) -> str | None:
    """Why `text` cannot name a host, as the end of a sentence; `None` when it can."""
    return _refuse(text, _NAME_SIGNS)


def refuse_address(text: str) -> str | None:
    """Why ssh should not be given `text` as a host, as the end of a sentence; `None` when it may."""
    if "@" in text:
        return 'has a "@"; the login goes into user'
    return _refuse(text, _ADDRESS_SIGNS)


def refuse_user(text: str) -> str | None:
    """Why ssh should not be given `text` as a login, as the end of a sentence; `None` when it may."""
    return _refuse(text, _USER_SIGNS)


def refuse_region(text: str) -> str | None:
    """Why this names no region of AWS, as the end of a sentence; `None` when it may."""
    return None if _REGION.fullmatch(text) else "does not look like a region, such as eu-central-1"


def printable(text: str, limit: int = 80) -> str:
    """Any text as one harmless line in double quotes: what does not print is escaped, what is too long is cut."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return '"' + one_line(shown.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def one_line(text: str) -> str:
    """Any text as one harmless line: what does not print is escaped."""
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in text)


def shown_name(name: str) -> str:
    """A host's name as a message has it: plain when it may name a host, else as `printable` has it."""
    return name if refuse_name(name) is None else printable(name)


def _escape(sign: str) -> str:
    code = ord(sign)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _refuse(text: str, signs: frozenset[str]) -> str | None:
    if not text:
        return "is empty"
    if text[0] == "-":
        return "starts with a dash and would be taken for an option"
    if len(text) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    strange = next((sign for sign in text if not (sign.isalnum() or sign in signs)), None)
    if strange is not None:
        return f"has a {printable(strange)}; letters, digits and {' '.join(sorted(signs))} are possible"
    if not (text[0].isalnum() or text[0] == "_" or (text[0] == ":" and ":" in signs)):
        return "has to start with a letter, a digit or an underscore"
    return None
