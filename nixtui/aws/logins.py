"""Several logins at AWS at once: each opened when it is first needed, and each row's work sent by its own."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from shlex import quote
from types import TracebackType
from typing import Self, TypeVar

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import DEMO, Session

Row = TypeVar("Row")

EVERYWHERE = "all regions"
"""Where a login did not tell which regions there are."""


class Logins:
    """Some sessions, in the order of precedence: what two of one account both tell is the first one's.

    Use as an async context manager; leaving it ends them all.
    """

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = {session.profile: session for session in sessions}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self.sessions:
            await session.__aexit__(kind, error, trace)

    @property
    def sessions(self) -> Sequence[Session]:
        """All of them."""
        return tuple(self._sessions.values())

    @property
    def several(self) -> tuple[str, ...]:
        """Their names; none where there is only one, which rows need not be told apart by."""
        return tuple(str(name) for name in self._sessions) if len(self._sessions) > 1 else ()

    @property
    def only(self) -> Session:
        """The one there is. Raises `AwsError` where there are several: nothing says by which this is to go."""
        if self.several:
            raise AwsError(
                f"there are several logins here ({', '.join(self.several)}), and this is done by one",
                f"say which: --profile {self.several[0]}",
                kind=Kind.UNUSABLE,
            )
        return self.sessions[0]

    def of(self, login: str | None) -> Session:
        """The session that something came from. Raises `AwsError` where that is none of these, or not known."""
        if not self.several:
            return self.only.of(login)
        if (found := self._sessions.get(login)) is None:
            unknown = f"login {login} is none of {', '.join(self.several)}" if login else "its login is not known"
            raise AwsError(unknown, f"name one: --profile {self.several[0]}", kind=Kind.UNUSABLE)
        return found

    async def soonest_end(self) -> tuple[float | None, str | None]:
        """When the first of them ends (Unix seconds), and which that is where there are several."""
        ends: list[tuple[float, str | None]] = []
        for session in self.sessions:
            try:
                at = await session.expires_at()
            except AwsError:
                continue  # whoever asked something by it has said so
            if at is not None:
                ends.append((at, session.profile))
        at, login = min(ends, key=lambda each: each[0], default=(None, None))
        return at, login if self.several else None


def open_logins(
    environ: Mapping[str, str],
    *,
    named: Sequence[str] = (),
    configured: Sequence[str] = (),
    region: str | None = None,
) -> Logins:
    """The logins that were `named`, else that of `AWS_PROFILE`, else the `configured` ones, else the environment's.

    Nothing is asked yet. The demo has one login whatever is said.
    """
    from_environ = environ.get("AWS_PROFILE")
    profiles: Sequence[str | None] = named or ([from_environ] if from_environ else configured) or [None]
    if DEMO in environ:
        profiles = [None]
    return Logins([Session(environ, profile=profile, region=region) for profile in dict.fromkeys(profiles)])


def once(rows: Iterable[tuple[Hashable, Row]]) -> list[Row]:
    """Of rows with the same key the first: what two logins of one account both tell is there once."""
    first: dict[Hashable, Row] = {}
    for key, row in rows:
        first.setdefault(key, row)
    return list(first.values())


def in_short(problems: Iterable[tuple[str, str | None, AwsError]]) -> list[tuple[str, AwsError]]:
    """What several logins did not tell, given as (region, what, why), as (who and where, why), once for each reason.

    A login that is no good is one line whatever was asked by it, and so is a refusal that is the same in ten regions.
    """
    found: dict[tuple[str | None, str | None, str], tuple[AwsError, list[str]]] = {}
    for region, what, error in problems:
        key = (error.login, None, "") if error.is_of_login else (error.login, what, reason_anywhere(error, region))
        found.setdefault(key, (error, []))[1].append(region)

    def where(login: str | None, what: str | None, error: AwsError, regions: Sequence[str]) -> str:
        parts = (login, None if error.is_of_login else ", ".join(dict.fromkeys(regions)), what)
        return ": ".join(part for part in parts if part) or EVERYWHERE

    return [(where(login, what, error, regions), error) for (login, what, _), (error, regions) in found.items()]


def reason_anywhere(error: AwsError, region: str) -> str:
    """The error in words that are the same in every region."""
    return str(error).replace(f" in {region}", "")


def by_profile(login: str | None) -> str:
    """What a command says beside `--region` so that it goes by this login; nothing where that has no name."""
    return f" --profile {quote(login)}" if login else ""
