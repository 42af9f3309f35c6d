"""`nixtui timeline [SELECTOR…]`: what changed on the fleet, when and by whom."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import age, narrate, plain, print_json, print_table, rfc3339, shown
from nixtui.fleet.recall import recall
from nixtui.fleet.state import FleetState
from nixtui.fleet.timeline import limited, timeline
from nixtui.fleet.timeline_text import clock, gaps, hosts_in_words, markdown, sentence
from nixtui.model.target import BadTarget, parse_moment
from nixtui.model.timeline import HostAnswer, HostMoment, Moment, System

HEADINGS = ("WHEN (UTC)", "AGE", "HOSTS", "WHAT")
_MOST_OPERATIONS = 2_000


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="*", help="a name, web-*, tag:role=web, all")
    parser.add_argument("--since", metavar="T", default="24h", help="how far back: 6h, 02:00 (UTC), 2026-11-20T14:00")
    parser.add_argument("--before", metavar="T", help="only what was before it: what changed before 03:12?")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--markdown", action="store_true", help="for a ticket, oldest first")
    how.add_argument(
        "--json", action="store_true", help="an object with the moments, newest first, and what is lacking"
    )


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask every host once, put it together, print, and say in the exit status whether all could be asked."""
    now = nixtui.clock()
    since, before = _moment(arguments.since, now), _moment(arguments.before, now) if arguments.before else now
    hosts = await nixtui.select(arguments.selectors or ["all"])
    answers: list[HostAnswer] = []
    await recall(hosts, since, nixtui.reach, nixtui.clock, answers.append)
    answers.sort(key=lambda each: [host.name for host in hosts].index(each.host))
    journal = await nixtui.journal()
    entries = await journal.entries(since=since, limit=_MOST_OPERATIONS)
    found = timeline(answers, entries, since, nixtui.clock())
    names = {host.name for host in hosts} if arguments.selectors else None
    moments = [each for each in limited(found, hosts=names) if each.at <= before]
    lacking = gaps(answers)
    if arguments.json:
        print_json(_document(moments, answers, since))
    elif arguments.markdown:
        asked_about = before if arguments.before else None
        hosts_now = {}
        if moments:
            involved = [host for host in hosts if any(host.name in each.names for each in moments)]
            state: FleetState = await nixtui.look(involved)
            hosts_now = {host.name: (host, state.status(host.name)) for host in involved}
        fleet = nixtui.configuration.fleet.name or nixtui.configuration.directory.name
        text = markdown(
            moments, fleet=fleet, since=since, now=now, asked_about=asked_about, hosts=hosts_now, lacking=lacking
        )
        print(text, end="")
    else:
        print_table(HEADINGS, [_row(each, now) for each in moments])
        for each in lacking:
            narrate(plain(each))
    return _exit(answers)


def as_json(moment: Moment) -> dict[str, Any]:
    """One moment as scripts get it; the keys are a contract."""
    return {
        "at": rfc3339(moment.at),
        "until": rfc3339(moment.until),
        "kind": moment.kind.value,
        "unit": moment.unit,
        "operation": moment.operation,
        "operator": moment.operator,
        "title": moment.title,
        "outcome": moment.outcome,
        "reason": moment.reason,
        "text": sentence(moment),
        "hosts": [_host(each) for each in moment.hosts],
    }


def _host(each: HostMoment) -> dict[str, Any]:
    return {
        "name": each.host,
        "at": rfc3339(each.at),
        "before": _system(each.before),
        "after": _system(each.after),
        "exit_code": each.status,
        "kernel_before": each.kernel_before,
        "kernel_after": each.kernel_after,
        "unit_result": each.result,
        "count": each.count,
    }


def _system(system: System | None) -> dict[str, Any] | None:
    if system is None:
        return None
    return {
        "path": system.path,
        "generation": system.generation,
        "configuration_revision": system.revision,
        "nixos_version": system.version,
    }


def _document(moments: list[Moment], answers: list[HostAnswer], since: float) -> dict[str, Any]:
    return {
        "since": rfc3339(since),
        "moments": [as_json(each) for each in moments],
        "hosts": [
            {
                "name": each.host,
                "asked": each.history is not None,
                "problem": each.problem,
                "incomplete": list(each.history.incomplete) if each.history else [],
                "clock_ahead_s": round(each.skew, 1) if each.history else None,
            }
            for each in answers
        ],
    }


def _row(moment: Moment, now: float) -> tuple[str, ...]:
    return clock(moment.at), age(now - moment.at), hosts_in_words(moment.names), shown(sentence(moment))


def _moment(text: str, now: float) -> float:
    try:
        return parse_moment(text, now)
    except BadTarget as error:
        raise UsageError(str(error)) from error


def _exit(answers: list[HostAnswer]) -> Exit:
    told = [each.history is not None for each in answers]
    if all(told):
        return Exit.DONE
    return Exit.PARTIAL if any(told) else Exit.UNREACHABLE
