"""`nixtui image create HOST`: from a configuration to AMIs in every region, as one operation that can be resumed."""

import re
from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.images.ingredients import Ingredients, add_ingredients, gather
from nixtui.cli.images.login import add_login, logins_of, the_one
from nixtui.cli.output import Tell, narrate, plain, rfc3339
from nixtui.cli.proposing import add_consent, decide, print_report, show_plan
from nixtui.config.paths import cache_dir, state_dir
from nixtui.images.creating.job import CreateJob, Made
from nixtui.images.creating.planned import plan_creation
from nixtui.images.creating.preflight import look_around
from nixtui.images.creating.recipe import SMALLEST, BootCheck, Recipe, check_recipe, provenance
from nixtui.images.publishing import Publication, check_where
from nixtui.images.registering import TAG_STORE_PATH
from nixtui.images.s3_import import ROLE, Detour
from nixtui.model.store import BadAge, parse_age
from nixtui.nix.errors import NixError
from nixtui.operations.operation import Prepared

_LONGEST_S = 3650 * 86400


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_ingredients(parser)
    checking = parser.add_argument_group("boot check")
    checking.add_argument("--boot-check", action="store_true", help="start an instance of it, see it up, terminate it")
    checking.add_argument("--boot-check-type", metavar="TYPE", help="t3.micro or t4g.micro")
    checking.add_argument("--subnet", metavar="ID", help="where the instance is started; the default VPC's otherwise")
    checking.add_argument("--security-group", metavar="ID", action="append", default=[])
    giving = parser.add_argument_group("who gets it")
    giving.add_argument("--copy-to", metavar="REGION", nargs="+", default=[])
    giving.add_argument("--share", metavar="WHOM", nargs="+", default=[], help="accounts, organisations' ARNs")
    giving.add_argument("--public", action="store_true", help="everybody")
    giving.add_argument("--deprecate-after", metavar="AGE", help="others no longer find it from then on: 90d, 2w")
    giving.add_argument("--publish", metavar="NAME", help="an SSM parameter in each region")
    giving.add_argument("--tfvars", metavar="FILE", help="Terraform variables, NAME.auto.tfvars.json")
    giving.add_argument("--variable", metavar="NAME", default="nixos_amis", help="the Terraform variable")
    giving.add_argument("--manifest", metavar="FILE", help="all that is known, as JSON")
    parser.add_argument("--via-s3", metavar="BUCKET", help="import it from S3, where EBS direct cannot be used")
    parser.add_argument("--role", metavar="NAME", default=ROLE, help="that the import service takes on (vmimport)")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON, with what was made")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Evaluate, look what is there, plan, ask, do what is missing, report."""
    async with logins_of(arguments, nixtui) as logins:
        try:
            prepared = await prepare(arguments, nixtui, logins)
        except NixError as error:
            narrate(f"nixtui: {plain(str(error))}")
            for line in error.log[-12:]:
                narrate(f"  | {plain(line)}")
            return Exit.FAILED
        if arguments.dry_run:
            return show_plan(prepared.plan, as_json=arguments.json)
        report = await decide(nixtui, prepared, arguments)
    assert isinstance(prepared.job, CreateJob)
    print_report(report, prepared.plan, as_json=arguments.json, more=_as_json(prepared.job.recipe, prepared.job.made))
    return exit_for(report)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, tell: Tell = narrate) -> Prepared:
    """What it would do; the job has what was made. Raises `UsageError`, `BadImage`, `NixError`, `AwsError`."""
    session = the_one(logins)
    environ = nixtui.surroundings.environ
    ingredients = await gather(arguments, nixtui, tell)
    recipe = _recipe(arguments, nixtui, ingredients, await session.region())
    check_recipe(recipe)
    tell("looking at what is there, and what could stand in the way …")
    found, findings = await look_around(session, recipe, disk_gib=ingredients.disk_gib)
    plan = plan_creation(recipe, found, findings, ingredients.source, ingredients.extent)
    scratch = cache_dir(environ) / "images"
    job = CreateJob(recipe, found, ingredients.source, session, state=state_dir(environ), scratch=scratch)
    return Prepared(nixtui.new_identity(), plan, job)


def _recipe(arguments: Namespace, nixtui: Assembly, ingredients: Ingredients, region: str) -> Recipe:
    check = None
    if arguments.boot_check or arguments.boot_check_type:
        check = BootCheck(
            kind=arguments.boot_check_type or SMALLEST[ingredients.architecture],
            subnet=arguments.subnet,
            security_groups=tuple(arguments.security_group),
        )
    accounts, organisations = _whom(arguments.share)
    tags = provenance(
        builder=nixtui.operator,
        store_path=ingredients.store_path,
        revision=ingredients.revision,
        flake=ingredients.flake,
    )
    return Recipe(
        name=ingredients.name,
        region=region,
        architecture=ingredients.architecture,
        identity=ingredients.identity,
        boot_mode=ingredients.boot_mode,
        tpm=arguments.tpm,
        gib=arguments.size,
        skip=ingredients.skip,
        kms_key=arguments.kms_key,
        incremental=arguments.incremental,
        description=arguments.description,
        system=ingredients.system,
        tags={**tags, **ingredients.tags},
        boot_check=check,
        copies=tuple(dict.fromkeys(arguments.copy_to)),
        accounts=accounts,
        organisations=organisations,
        public=arguments.public,
        deprecate_at=_deprecate_at(arguments.deprecate_after, nixtui.clock()),
        publication=_publication(arguments, nixtui),
        detour=Detour(arguments.via_s3, arguments.role) if arguments.via_s3 else None,
    )


def _whom(words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    accounts = [each for each in words if re.fullmatch(r"[0-9]{12}", each)]
    organisations = [each for each in words if each.startswith("arn:") and ":organizations:" in each]
    for each in words:
        if each not in accounts and each not in organisations:
            raise UsageError(f'--share takes accounts of twelve digits and ARNs of organisations, not "{each}"')
    return tuple(dict.fromkeys(accounts)), tuple(dict.fromkeys(organisations))


def _deprecate_at(age: str | None, now: float) -> str | None:
    if age is None:
        return None
    try:
        seconds = parse_age(age)
    except BadAge as error:
        raise UsageError(str(error)) from error
    if seconds > _LONGEST_S:
        raise UsageError("an image can be deprecated ten years ahead at most")
    return rfc3339(now + seconds)


def _publication(arguments: Namespace, nixtui: Assembly) -> Publication | None:
    if not (arguments.publish or arguments.tfvars or arguments.manifest):
        return None
    cwd = nixtui.surroundings.cwd
    publication = Publication(
        parameter=arguments.publish,
        tfvars=cwd / arguments.tfvars if arguments.tfvars else None,
        manifest=cwd / arguments.manifest if arguments.manifest else None,
        variable=arguments.variable,
    )
    check_where(publication)
    return publication


def _as_json(recipe: Recipe, made: Made) -> dict[str, Any]:
    """What was made; the keys are a contract."""
    images = {recipe.region: made.image.identity} if made.image else {}
    images |= {region: image.identity for region, image in made.copies.items()}
    return {
        "name": recipe.name,
        "image_id": made.image.identity if made.image else None,
        "snapshot_id": next(iter(made.snapshots), None),
        "snapshot_ids": list(made.snapshots),
        "images": images,
        "architecture": recipe.architecture,
        "store_path": recipe.tags.get(TAG_STORE_PATH),
        "system": recipe.system,
        "file": next(map(str, made.files), None),
        "boot_check": made.boot_check,
        "instance_left": made.instance,
    }
