"""Who comes and who goes, and what hosts really have: further acts of the Secrets screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nixtui.tui import opening
from nixtui.tui.notices import Level
from nixtui.tui.paint import clean
from nixtui.tui.secret_acts import chosen, propose

if TYPE_CHECKING:
    from nixtui.tui.screens.secrets import SecretsScreen


def add_host(on: SecretsScreen) -> None:
    """Choose a host of the fleet; then propose to let it read the marked files, or the one under the cursor."""
    from nixtui.tui.screens.confirming import PlanQuestion

    names, secrets, hosts = chosen(on), on.session.cockpit.secrets, on.session.cockpit.fleet.names()
    what = names[0] if len(names) == 1 else f"{len(names)} files"

    def propose_host(host: str) -> None:
        question = PlanQuestion(
            f"Let {host} read {what}", "Add", partial(secrets.plan_add_host, host, names),
            asking=f"asking {host} for its key, and comparing rules",
            command=["nixtui", "secrets", "add-host", host, *names], of_many="Add {} files", subject="FILE",
        )  # fmt: skip
        propose(on, names, question)

    if hosts:
        opening.choice(on, f"Who else may read {what}?", [(each, clean(each)) for each in hosts], propose_host)
    else:
        on.session.say(Level.INFO, "There are no hosts in this fleet.")


def offboard(on: SecretsScreen) -> None:
    """Choose who goes; then propose to take them out of every rule and file."""
    from nixtui.tui.screens.confirming import PlanQuestion

    if on.found is None:
        return
    repository, secrets = on.found.repository, on.session.cockpit.secrets
    reads: dict[str, int] = {}
    for file in repository.files:
        for each in {repository.called(one.identity) for one in file.recipients}:
            reads[each] = reads.get(each, 0) + 1

    def propose_departure(who: str) -> None:
        question = PlanQuestion(
            f"{who} reads no longer", "Take out", partial(secrets.plan_offboard, who),
            asking="comparing rules and files", command=["nixtui", "secrets", "offboard", who],
            of_many="Take out of {} files", subject="FILE",
        )  # fmt: skip
        files = [each.name for each in repository.files if any(
            who in (repository.called(one.identity), one.identity) for one in each.recipients)]  # fmt: skip
        propose(on, files or [who], question)

    options = [(who, f"{clean(who)}  reads {count} files") for who, count in sorted(reads.items())]
    if options:
        opening.choice(on, "Who goes?", options, propose_departure)
    else:
        on.session.say(Level.INFO, "Nobody reads anything here.")


def on_hosts(on: SecretsScreen) -> None:
    """What the hosts of the fleet declare and have."""
    from nixtui.tui.screens.secrets_on_hosts import SecretsOnHostsScreen

    on.cover()
    on.app.push_screen(SecretsOnHostsScreen(on.session, tuple(on.session.cockpit.fleet.names())))
