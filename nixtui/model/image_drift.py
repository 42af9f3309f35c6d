"""How an image stands to the flake as it is now."""

import msgspec


class ImageDrift(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the flake would build the same image today.

    `state` is `same`, `behind` (commits since), `other` or `unknown`; `certain` where an evaluation said so, now or
    before. `short` has at most twenty cells, `sentence` all of it. `revision` is the commit that the flake is at,
    `store_path` what it gives, where that is known.
    """

    state: str
    short: str
    sentence: str
    certain: bool = False
    behind: int | None = None
    ahead: int | None = None
    revision: str | None = None
    store_path: str | None = None
