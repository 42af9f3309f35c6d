"""Where the store of this machine is."""

from pathlib import Path

import pytest

from nixtui.nix.local_store import on_disk

PATH = "/nix/store/qj7s3zfhn6vd4q6f2xm4rkflr1cs4dz3-a"


@pytest.mark.parametrize(
    ("remote", "root"),
    [
        (None, ""),
        ("daemon", ""),
        ("local", ""),
        ("local?root=/srv/x", "/srv/x"),
        ("local?state=/s&root=/srv/a%2Bb", "/srv/a+b"),
        ("local://?root=/srv/x", "/srv/x"),
        ("/srv/x", "/srv/x"),
        ("ssh-ng://builder?root=/srv/x", ""),
    ],
)
def test_paths_are_below_the_root_that_nix_is_told(remote: str | None, root: str) -> None:
    environ = {} if remote is None else {"NIX_REMOTE": remote}
    assert on_disk(PATH, environ) == Path(f"{root}{PATH}")
