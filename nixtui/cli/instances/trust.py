"""`nixtui instance trust HOST`: put a host's key into known_hosts, where the console of its instance shows the same."""

import asyncio
import shlex
from argparse import ArgumentParser, Namespace

import msgspec

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain, print_json
from nixtui.cli.proposing import add_consent, propose
from nixtui.model.host import Host
from nixtui.operations.operation import Job, Prepared, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.remote.errors import AuthenticationFailed, HostKeyChanged, HostKeyUnknown, RemoteError
from nixtui.remote.trusting import CannotTrust, refuse, trust
from nixtui.remote.witness import HostKey


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST", help="a host of the fleet by its name, or its instance by its id")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Have the host show its key, ask its console, and trust what both agree on."""
    host = await _host(arguments.host, nixtui)
    try:
        await nixtui.pool.connect(host)
    except (HostKeyUnknown, HostKeyChanged) as error:
        if error.shown is None or error.testimony is None or not error.testimony.agrees:
            narrate(plain(f"nixtui: {error}"))
            return Exit.FAILED
        why_not = refuse(error.shown)
        plan = _plan(host, error.shown, error.testimony.words, why_not)
        prepared = Prepared(nixtui.new_identity(), plan, _job(host, error.shown))
        return await propose(nixtui, prepared, arguments, more={"fingerprint": error.shown.fingerprint})
    except AuthenticationFailed:
        pass  # it was believed to be the host, or we would not have tried to log in
    except RemoteError as error:
        narrate(plain(f"nixtui: {error}"))
        return Exit.UNREACHABLE
    if arguments.json:
        print_json({"host": host.name, "outcome": Outcome.UNCHANGED.value})
    else:
        print(f"the key of {host.name} is known already")
    return Exit.DONE


async def _host(name: str, nixtui: Assembly) -> Host:
    """With its instance: where the file alone knows the name, that is only known once EC2 was asked."""
    hosts = await nixtui.hosts()
    found = [each for each in hosts if name in (each.name, each.instance.identity if each.instance else None)]
    if not found:
        raise UsageError(f'no host is called "{name}", and none is that instance; see: nixtui status')
    if found[0].instance is None:
        raise UsageError(f"{found[0].name} is no instance of EC2 as far as it is known: its console cannot be asked")
    return found[0]


def _plan(host: Host, key: HostKey, words: str, why_not: CannotTrust | None) -> Plan:
    line = f"{key.known_as} {key.kind} {key.encoded}"
    gone = [f"sed -i {shlex.quote(f'{each.line}d')} {shlex.quote(each.file)}" for each in reversed(key.stale)]
    target = Target(
        name=host.name,
        environment=host.environment,
        before="another key" if key.stale else "no key known",
        after=key.fingerprint,
        warnings=(words, *(f"line {each.line} of {each.file} is of another machine, and goes" for each in key.stale)),
        refused=why_not.reason if why_not else None,
        remedy=why_not.remedy if why_not else None,
        facts={"instance": host.instance.identity if host.instance else ""},
    )
    commands = (*gone, f"echo {shlex.quote(line)} >> {shlex.quote(str(key.file))}")
    return Plan(
        kind="instance-trust",
        title=f"Trust the key that {host.name} shows",
        targets=(target,),
        steps=(Step(f"put it into {key.file}", commands),),
    )


def _job(host: Host, key: HostKey) -> Job:
    async def job(run: Run) -> Report:
        report = TargetReport(name=host.name, outcome=Outcome.COMMITTED, after=key.fingerprint)
        try:
            path = await asyncio.to_thread(trust, key)
            report = msgspec.structs.replace(report, detail=f"{path} has it")
        except CannotTrust as error:
            report = msgspec.structs.replace(report, outcome=Outcome.FAILED, detail=error.reason, remedy=error.remedy)
        return Report(operation=run.operation, outcome=report.outcome, targets=(report,))

    return job
