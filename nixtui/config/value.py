"""Single values of `nixtui.toml`: what is wrong with one, and how it is shown."""

from nixtui.model.naming import printable


class BadValue(ValueError):
    """The value is not what its key needs: `reason` says what is wrong, `remedy` what to write instead."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}, {remedy}")
        self.reason = reason
        self.remedy = remedy


def describe(value: object) -> str:
    """A TOML value in an error message: its own text where that is short, otherwise its kind."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}" if abs(value) < 1e15 else "a huge number"
        case str():
            return printable(value, 40)
        case list():
            return "an array"
        case dict():
            return "a table"
    return "a date or time"


def require_text(value: object, example: str) -> str:
    """`value` itself when it is a string. Raises `BadValue`."""
    if not isinstance(value, str):
        raise BadValue(f"expected a string, got {describe(value)}", f'write for example "{example}"')
    return value


def is_number(text: str) -> bool:
    """True for a string that was probably meant as a number."""
    return text.isascii() and text.isdecimal() and len(text) <= 6
