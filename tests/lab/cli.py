"""The lab by hand: one verb for each thing that a test can do to a host."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from tests.lab.host import Host
from tests.lab.lab import DEFAULT_NAME, Lab, build, lab_names, take_down, take_down_all
from tests.lab.machine import LabError


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    try:
        do: Callable[[argparse.Namespace], int | None] = arguments.do
        return do(arguments) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Real test hosts: containers with systemd, sshd and Nix.")
    parser.add_argument("--name", default=DEFAULT_NAME, help="which lab, when several are up (default: %(default)s)")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(
        name: str, does: str, do: Callable[[argparse.Namespace], int | None], *, host: bool = True
    ) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=does, description=does)
        sub.set_defaults(do=do)
        if host:
            sub.add_argument("host", help="h1, h2, …")
        return sub

    verb("build", "build base image and hosts into the cache, start nothing", _build, host=False).add_argument(
        "count", type=int, nargs="?", default=3
    )
    verb("up", "bring up h1…hN; healthy hosts stay as they are", _up, host=False).add_argument(
        "count", type=int, nargs="?", default=3
    )
    verb("down", "remove the lab without a trace", _down, host=False).add_argument(
        "--all", action="store_true", help="every lab, also those of tests that run"
    )
    verb("list", "the labs, their hosts, and how these are", _list, host=False)

    ssh = verb("ssh", "log in, or run a command there", _ssh)
    ssh.add_argument("-l", "--user", default="root", help="root, deploy, ops, run0er or plain (default: %(default)s)")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    run = verb("exec", "run a shell script in the host from outside, without its network", _exec)
    run.add_argument("script", nargs=argparse.REMAINDER)
    verb("console", "print the host's console", lambda a: print(_host(a).container.console.read_text(errors="replace")))
    verb("systems", "the host's generations, and the systems that break on purpose", _systems)
    install = verb("install", "make a system a new generation of the profile", _install)
    install.add_argument("system", help="a name that `systems` lists, or a store path")
    verb("reset", "back to the pristine state", lambda a: _host(a).reset())

    power = verb("power", "power the host on, off (in order), cut (at once), or reboot it", _power)
    power.add_argument("what", choices=("on", "off", "cut", "reboot"))
    link = verb("link", "plug the network cable in or out", _link)
    link.add_argument("what", choices=("up", "down"))
    impair = verb("impair", "make the network cable bad; without figures, good again", _impair)
    impair.add_argument("--delay", type=float, default=0, metavar="MS", help="milliseconds in each direction")
    impair.add_argument("--jitter", type=float, default=0, metavar="MS", help="more or less than that")
    impair.add_argument("--loss", type=float, default=0, metavar="PERCENT", help="frames lost")
    fill = verb("fill", "leave no room on the disk or on /boot", _fill)
    fill.add_argument("what", choices=("disk", "boot"))
    free = verb("free", "undo fill", _free)
    free.add_argument("what", choices=("disk", "boot"))
    skew = verb("skew", "let the host's date be fast, or slow if negative", _skew)
    skew.add_argument("seconds", type=int)
    unit = verb("unit", "start or stop a unit, or leave a failed one behind", _unit)
    unit.add_argument("what", choices=("start", "stop", "fail"))
    unit.add_argument("unit")
    return parser


def _host(arguments: argparse.Namespace) -> Host:
    return Lab.attach(arguments.name)[arguments.host]


def _build(arguments: argparse.Namespace) -> None:
    build(arguments.count)


def _up(arguments: argparse.Namespace) -> None:
    lab = Lab.up(arguments.count, arguments.name)
    _print_hosts(lab)
    print(f"ssh -F {lab.ssh_config} h1")


def _down(arguments: argparse.Namespace) -> None:
    if arguments.all:
        take_down_all()
    else:
        take_down(arguments.name)


def _list(_: argparse.Namespace) -> None:
    for name in lab_names():
        print(f"{name}:")
        try:
            _print_hosts(Lab.attach(name))
        except LabError:
            print("  not up: it is coming up, or was interrupted when it did")


def _print_hosts(lab: Lab) -> None:
    for host in lab.hosts.values():
        power = "on" if host.is_on() else "off"
        sshd = "reachable" if host.is_reachable() else "unreachable"
        print(f"  {host.name:4} {host.address:15} {power:3} {sshd}")


def _ssh(arguments: argparse.Namespace) -> NoReturn:
    host = _host(arguments)
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    os.execvp("ssh", ["ssh", "-F", str(host.access.ssh_config), "-l", arguments.user, host.name, *command])  # noqa: S606


def _exec(arguments: argparse.Namespace) -> int:
    outcome = _host(arguments).run(" ".join(arguments.script), timeout=3600)
    sys.stdout.write(outcome.stdout)
    sys.stderr.write(outcome.stderr)
    return outcome.code


def _systems(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    for generation in host.generations:
        print(f"{generation.number:14} {generation.path}")
    for name, path in host.variants.items():
        print(f"{name:14} {path}")


def _install(arguments: argparse.Namespace) -> None:
    made = _host(arguments).install(arguments.system)
    print(f"generation {made.number}: {made.path}")


def _power(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    {"on": host.power_on, "off": host.power_off, "cut": host.power_cut, "reboot": host.reboot}[arguments.what]()


def _link(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    {"up": host.link_up, "down": host.link_down}[arguments.what]()


def _impair(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    if arguments.delay or arguments.jitter or arguments.loss:
        host.impair(delay=arguments.delay / 1000, jitter=arguments.jitter / 1000, loss=arguments.loss / 100)
    else:
        host.heal()


def _fill(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    {"disk": host.fill_disk, "boot": host.fill_boot}[arguments.what]()


def _free(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    {"disk": host.free_disk, "boot": host.free_boot}[arguments.what]()


def _skew(arguments: argparse.Namespace) -> None:
    _host(arguments).skew_clock(arguments.seconds)


def _unit(arguments: argparse.Namespace) -> None:
    host = _host(arguments)
    match arguments.what:
        case "start":
            host.start_unit(arguments.unit)
        case "stop":
            host.stop_unit(arguments.unit)
        case "fail":
            host.fail_unit(arguments.unit)
