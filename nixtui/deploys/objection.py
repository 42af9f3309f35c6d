"""Why nothing will be done to a host."""

import msgspec

from nixtui.operations.report import Outcome


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing will be done to a host, what to do about it, and what the report calls that."""

    why: str
    remedy: str | None = None
    outcome: Outcome = Outcome.REFUSED
