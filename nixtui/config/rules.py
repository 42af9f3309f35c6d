"""What must hold between values of `nixtui.toml` that are each fine by themselves."""

from collections.abc import Iterator

from nixtui.config.duration import write_duration
from nixtui.config.reading import Reader
from nixtui.config.schema import Document, Ec2Section, Source
from nixtui.model.naming import refuse_name
from nixtui.model.stack import OWN_TAGS, fleet_name

COMMIT_RESERVE_S = 10.0
"""What is left of `revert_after` beside the health commands: for the login before them and the go-ahead after them."""


def check_rules(document: Document, reader: Reader) -> None:
    """Report to `reader` every rule that `document` breaks.

    Sections with worse problems are not looked at: what stands in them is not what will.
    """
    if "activation" not in reader.broken:
        _check_time_to_prove(document, reader)
    if "fleet" not in reader.broken:
        _check_sources(document, reader)
    if "environments" not in reader.broken:
        _check_environments(document, reader)
    if "stacks" not in reader.broken:
        _check_stacks(document, reader)
    if document.ec2 is not None and "ec2" not in reader.broken:
        _check_logins(document.ec2, reader)
    for name, host in document.hosts.items():
        if host.pull is not None and host.fh is not None:
            reader.report(("hosts", name, "fh"), "there is pull as well, and a host fetches one system", "remove one")
        if reason := refuse_name(name):
            reader.report(("hosts", name), f"the name {reason}", "this host is left out", warning=True)


def _check_time_to_prove(document: Document, reader: Reader) -> None:
    """A host that waits for less time than its proof may take would go back although it is well."""
    activation = document.activation
    needed = sum(limit for _, limit in activation.health_limits) + COMMIT_RESERVE_S
    if needed <= activation.revert_after:
        return
    told = f"revert_after is {write_duration(activation.revert_after)}"
    if not activation.health:
        reader.report(
            ("activation", "revert_after"), told, f"{write_duration(needed)} are needed to log in and confirm"
        )
        return
    reader.report(
        ("activation", "health"),
        f"with {write_duration(COMMIT_RESERVE_S)} to log in and confirm this may take {write_duration(needed)}, "
        f"but {told}",
        "raise revert_after or lower the timeouts",
    )


def _check_sources(document: Document, reader: Reader) -> None:
    sources = document.fleet.sources
    path = ("fleet", "sources")
    for place, source in enumerate(sources):
        if source in sources[:place]:
            reader.report((*path, place), f'"{source}" is listed twice', "remove one")
    if document.hosts and Source.FILE not in sources:
        reader.report(path, "[hosts] is not used", 'add "file" to use it', warning=True)
    if not sources:
        reader.report(path, "no source is left, so the fleet has no hosts", "leave it out for all of them")


def _check_stacks(document: Document, reader: Reader) -> None:
    """Names go into tags and become names of hosts; a host that two stacks claim would be one too many."""
    known: dict[str, str] = {}
    for name, stack in document.stacks.items():
        if reason := refuse_name(name):
            reader.report(("stacks", name), f"the name {reason}", "choose another")
        for host, section in stack.hosts.items():
            path = ("stacks", name, "hosts", host)
            if reason := refuse_name(host):
                reader.report(path, f"the name {reason}", "choose another")
            called = fleet_name(name, host)
            if called in known:
                reader.report(path, f"it would be {called}, as that of stack {known[called]} is", "rename one")
            known[called] = name
            for tag in section.tags:
                if tag in OWN_TAGS or tag.startswith("aws:"):
                    reader.report((*path, "tags", tag), "is a tag of nixtui's or AWS's own", "choose another")


def _check_logins(ec2: Ec2Section, reader: Reader) -> None:
    path = ("ec2", "profiles")
    if ec2.profiles is None:
        return
    if ec2.profile is not None:
        both = f'profiles = ["{ec2.profile}", …]'
        reader.report(path, "there is profile as well, and one of them says which logins are used", f"write {both}")
    if not ec2.profiles:
        reader.report(path, "names no login", "leave it out for the environment's")
    for place, profile in enumerate(ec2.profiles):
        if profile in ec2.profiles[:place]:
            reader.report((*path, place), f'"{profile}" is listed twice', "remove one")


def _check_environments(document: Document, reader: Reader) -> None:
    for name, earlier in _shadowed(document):
        reader.report(
            ("environments", name),
            f"matches nothing that {earlier} does not match first",
            f"write it above [environments.{earlier}]",
            warning=True,
        )


def _shadowed(document: Document) -> Iterator[tuple[str, str]]:
    """Environments that can never be a host's, with the earlier one that takes all of their hosts."""
    seen: dict[str, str] = {}
    for name, environment in document.environments.items():
        match = " ".join(environment.match.split())
        earlier = seen.get("all") or seen.get(match)
        if earlier is not None:
            yield name, earlier
        seen.setdefault(match, name)
