"""Names of units."""

import pytest

from nixtui.model.unit import BadUnitName, unit_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", "nginx.service"),
        ("nginx.service", "nginx.service"),
        ("logrotate.timer", "logrotate.timer"),
        ("-.mount", "-.mount"),
        ("user@1000.service", "user@1000.service"),
        ("dev-disk-by\\x2duuid.swap", "dev-disk-by\\x2duuid.swap"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert unit_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "nginx; reboot", "a b.service", "x.exe", "$(id).service", "nginx*", "a\nb.service"]
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(BadUnitName):
        unit_name(text)
