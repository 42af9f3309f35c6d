"""How images stand to the flake, for `nixtui image list` and the app."""

from collections.abc import Mapping, Sequence
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.evaluating import flake_found
from nixtui.cli.output import narrate
from nixtui.config.paths import NoHome, cache_dir
from nixtui.images.drifting import compare, glance
from nixtui.model.image import Image
from nixtui.model.image_drift import ImageDrift
from nixtui.nix.evaluation_cache import EvaluationCache
from nixtui.nix.flake import open_flake


async def drifts_of(images: Sequence[Image], nixtui: Assembly, against: str | None) -> Mapping[str, ImageDrift]:
    """By the image's key: `against` a flake by evaluating it, else at a glance; nothing where there is no flake."""
    if against is None:
        flake = flake_found(nixtui)
        return {} if flake is None else await glance(flake, images)
    environ, cwd = nixtui.surroundings.environ, nixtui.surroundings.cwd
    try:
        cache = EvaluationCache(cache_dir(environ) / "evaluations")
    except NoHome:
        cache = None
    narrate(f"evaluating the images of {against} …")
    return await compare(open_flake(against, base=cwd, environ=environ, cache=cache), images)


def drift_json(drift: ImageDrift | None) -> dict[str, Any] | None:
    """As scripts get it; the keys are a contract."""
    if drift is None:
        return None
    return {
        "state": drift.state,
        "certain": drift.certain,
        "commits_behind": drift.behind,
        "commits_ahead": drift.ahead,
        "flake_revision": drift.revision,
        "flake_store_path": drift.store_path,
        "detail": drift.sentence,
    }
