"""Parts of a fleet as `nixtui.toml` writes them: `5` hosts, or `"25%"` of them."""

import re

import msgspec

from nixtui.config.value import BadValue, describe, is_number
from nixtui.model.naming import printable

_PERCENT = re.compile(r"([0-9]{1,3})%")


class Share(msgspec.Struct, frozen=True):
    """How many hosts at a time: a `count`, or a `percent` of all; exactly one of the two is set."""

    count: int | None = None
    percent: int | None = None

    def of(self, total: int) -> int:
        """How many of `total` hosts, rounded down but at least 1: 25% of 10 are 2."""
        wanted = self.count if self.count is not None else total * (self.percent or 0) // 100
        return max(1, min(total, wanted))


def parse_share(value: object) -> Share:
    """The share that a TOML number or string means. Raises `BadValue`."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise BadValue(f"{value} is no number of hosts", 'write 1 or more, or a share such as "25%"')
        return Share(count=value)
    if not isinstance(value, str):
        raise BadValue(f"expected a number of hosts or a share of them, got {describe(value)}", 'write 5 or "25%"')
    match = _PERCENT.fullmatch(value)
    if match is None:
        remedy = f'write {value} without quotes, or "{value}%"' if is_number(value) else 'write 5 or "25%"'
        raise BadValue(f"{printable(value)} is no share of the hosts", remedy)
    percent = int(match[1])
    if not 1 <= percent <= 100:
        raise BadValue(f"{percent}% is no share of the hosts", "write 1% to 100%")
    return Share(percent=percent)


def write_share(share: Share) -> int | str:
    """What `parse_share` reads back."""
    return share.count if share.count is not None else f"{share.percent}%"
