"""Finding out what a proposal would do. Every answer, and every failure, is put into the proposal as it comes."""

from nixtui.tui.notices import sentence
from nixtui.tui.proposal import Proposal
from nixtui.tui.session import Session


async def find_plan(session: Session, proposal: Proposal) -> None:
    """Resolve the target on every host."""
    try:
        if proposal.own or proposal.action != "switch":
            targets = {name: proposal.own.get(name, proposal.target) for name in proposal.names}
            proposal.plan = await session.cockpit.profiles.plan(targets, proposal.action)
        else:
            proposal.plan = await session.cockpit.plan_rollback(proposal.names, proposal.target)
    except Exception as error:
        proposal.plan_problem = sentence(error)


async def find_diff(session: Session, proposal: Proposal) -> None:
    """What changes from one system to the other, for the one host of a proposal."""
    if proposal.systems is None:
        return
    name, (old, new) = proposal.names[0], proposal.systems
    try:
        if proposal.generations is None:
            proposal.generations = await session.knowledge.generations(name)
        proposal.diff = await session.knowledge.diff((name, old), (name, new))
    except Exception as error:
        proposal.diff_problem = sentence(error)


async def find_commits(session: Session, proposal: Proposal) -> None:
    """What was committed between the two systems of the one host, if the repository is at hand."""
    if proposal.systems is None:
        return
    name, (old, new) = proposal.names[0], proposal.systems
    try:
        systems = await session.knowledge.systems((name, old), (name, new))
        proposal.commits = await session.knowledge.commits(systems.before.revision, systems.after.revision)
    except Exception as error:
        proposal.commits_problem = sentence(error)


async def find_preview(session: Session, proposal: Proposal) -> None:
    """What would restart, for the one host of a proposal."""
    if proposal.systems is None:
        return
    name, (_, new) = proposal.names[0], proposal.systems
    try:
        proposal.preview = await session.knowledge.preview(name, new)
    except Exception as error:
        proposal.preview_problem = sentence(error)


def hosts_alike(session: Session, proposal: Proposal) -> tuple[str, ...]:
    """The hosts in the environment of the first that run its configuration revision, as far as that is known."""
    fleet, first = session.cockpit.fleet, proposal.names[0]
    revision = proposal.seen[first].facts.configuration_revision
    if revision is None or first not in fleet:
        return ()
    environment = fleet.host(first).environment
    return tuple(
        name
        for name, host in fleet.hosts().items()
        if host.environment == environment and fleet.status(name).facts.configuration_revision == revision
    )
