"""What lists of several logins have in common: whose a row is, and what was not told."""

from collections.abc import Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import Logins, in_short
from nixtui.cli.output import narrate, plain, shown

_PLACE = 2
"""After the id and the name."""


def with_login(
    headings: Sequence[str], rows: Sequence[Sequence[str]], whose: Sequence[str | None], logins: Logins
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The table with the login of each row in a column, where there are several."""
    if not logins.several:
        return headings, rows
    return (
        (*headings[:_PLACE], "LOGIN", *headings[_PLACE:]),
        [(*row[:_PLACE], shown(login), *row[_PLACE:]) for row, login in zip(rows, whose, strict=True)],
    )


def narrate_problems(problems: Sequence[tuple[str, str | None, AwsError]], logins: Logins) -> None:
    """What was not told, given as (region, what, why): of several logins, or one that is no good, in as few lines as it
    takes.
    """
    if logins.several or any(why.is_of_login for _, _, why in problems):
        told = in_short(problems)
    else:
        told = [(f"{region}: {what}" if what else region, why) for region, what, why in problems]
    for where, why in told:
        narrate(f"nixtui: {plain(where)}: {plain(str(why))}")
