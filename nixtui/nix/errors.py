"""What can go wrong with Nix on this machine. Nothing in the fleet view needs Nix, so none of it is fatal there."""


class NixError(Exception):
    """Nix could not tell: `reason` is one plain sentence, `remedy` the next step, `log` what nix itself said."""

    def __init__(self, reason: str, remedy: str | None = None, log: tuple[str, ...] = ()) -> None:
        super().__init__(reason + (f"; {remedy}" if remedy else ""))
        self.reason = reason
        self.remedy = remedy
        self.log = log


class NixMissing(NixError):
    """There is no nix command here, or it cannot be started."""


class NixTimedOut(NixError):
    """Nix took longer than it was given and was stopped."""


class NixFailed(NixError):
    """Nix ended with an error; the reason is the innermost line of it, `status` what it ended with."""

    def __init__(
        self, reason: str, remedy: str | None = None, log: tuple[str, ...] = (), *, status: int | None = None
    ) -> None:
        super().__init__(reason, remedy, log)
        self.status = status


class NixBadAnswer(NixError):
    """Nix succeeded, but with something else than was asked for, or far too much of it."""


class NixRefused(NixError):
    """Nobody agreed to what nix would have done on another machine; nothing was done."""


class NixStopped(NixRefused):
    """The operator stopped a build of several systems; what of it was built stays unused."""
