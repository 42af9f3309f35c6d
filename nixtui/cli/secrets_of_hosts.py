"""The secrets that hosts declare, for commands that compare or deploy them."""

from collections.abc import Callable, Sequence

from nixtui.cli.assembly import Assembly
from nixtui.cli.evaluating import flake_found
from nixtui.cli.nodes import flake_name
from nixtui.cli.secrets_here import runner_here
from nixtui.deploys.secrets import Origin, SecretsCheck
from nixtui.model.host import Host
from nixtui.nix.errors import NixError
from nixtui.nix.outputs import list_outputs
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.repository import find_root, look_around


async def secrets_check(
    nixtui: Assembly, hosts: Sequence[Host], say: Callable[[str], None], *, insist: bool = False
) -> SecretsCheck | None:
    """What looks at secrets of these hosts; `None` where there is no flake, or no secret in its repository: then
    nothing is evaluated for it. Raises nothing, unless `insist`: then `SecretsError` and `NixError`.
    """
    flake = flake_found(nixtui)
    if flake is None:
        return None
    try:
        repository = await look_around(find_root(flake.directory.resolve()), nixtui.surroundings.environ)
        if not repository.files and not insist:
            return None
        outputs, _ = await list_outputs(flake)
        runner = await runner_here(nixtui, say)
    except (SecretsError, NixError) as error:
        if insist:
            raise
        say(f"secrets are not checked: {error.reason}")
        return None
    origins = {}
    for host in hosts:
        name = flake_name(host)
        if name in (outputs.configurations or ()):
            origins[host.name] = Origin("nixosConfigurations", name)
        elif name in (outputs.hive_nodes or ()):
            origins[host.name] = Origin("colmenaHive.nodes", name)
    return SecretsCheck(flake, origins, repository, runner, say)
