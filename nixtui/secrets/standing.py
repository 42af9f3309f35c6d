"""How the secrets of one host stand: declared, stored and deployed, or why that is not known."""

import msgspec

from nixtui.secrets.declared import Lack
from nixtui.secrets.proof import Proofs


class HostSecretsSeen(msgspec.Struct, frozen=True):
    """`proofs` is `None` for a host that declares none, and for one with a `problem`, which is then why."""

    lacks: tuple[Lack, ...] = ()
    proofs: Proofs | None = None
    problem: str | None = None
