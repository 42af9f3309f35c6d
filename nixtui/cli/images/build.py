"""`nixtui image build HOST`: build the disk image of a host's configuration."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain, print_json, shown
from nixtui.fleet.inventory.assembly import locate_flake
from nixtui.images.building import VARIANT, build
from nixtui.nix.errors import NixError


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST", help="a configuration of the flake")
    parser.add_argument("--variant", default=VARIANT, help="of system.build.images (amazon)")
    parser.add_argument("--json", action="store_true", help="what was built as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Build it and say what it is. Nothing but the Nix store changes, so nothing is asked."""
    environ = nixtui.surroundings.environ
    flake = locate_flake(nixtui.configuration, nixtui.surroundings.cwd, environ)
    if flake is None:
        raise UsageError("there is no flake to build from; name one in [fleet] flake, or run this where one is")
    narrate(f"building the {arguments.variant} image of {arguments.host} …")
    try:
        built = await build(flake, arguments.host, environ, variant=arguments.variant)
    except NixError as error:
        narrate(f"nixtui: {plain(str(error))}")
        for line in error.log[-12:]:
            narrate(f"  | {plain(line)}")
        return Exit.FAILED
    if arguments.json:
        print_json(
            {
                "store_path": built.store_path,
                "file": built.file,
                "label": built.label,
                "architecture": built.architecture,
                "boot_mode": built.boot_mode,
                "more_files": list(built.more),
            }
        )
        return Exit.DONE
    print(f"file          {built.file}")
    for file in built.more:
        print(f"and           {file}")
    print(f"architecture  {shown(built.architecture)}")
    print(f"boot mode     {shown(built.boot_mode)}")
    print(f"next          nixtui image upload {built.file} --name NAME")
    return Exit.DONE
