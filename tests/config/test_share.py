import pytest

from nixtui.config.share import Share, parse_share, write_share
from nixtui.config.value import BadValue


@pytest.mark.parametrize(
    ("value", "share"),
    [(1, Share(count=1)), (500, Share(count=500)), ("25%", Share(percent=25)), ("100%", Share(percent=100))],
)
def test_shares_are_read_and_written(value: int | str, share: Share) -> None:
    assert parse_share(value) == share
    assert write_share(share) == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, '0 is no number of hosts, write 1 or more, or a share such as "25%"'),
        (-3, '-3 is no number of hosts, write 1 or more, or a share such as "25%"'),
        ("25", '"25" is no share of the hosts, write 25 without quotes, or "25%"'),
        ("0%", "0% is no share of the hosts, write 1% to 100%"),
        ("101%", "101% is no share of the hosts, write 1% to 100%"),
        ("2.5%", '"2.5%" is no share of the hosts, write 5 or "25%"'),
        ("٢٥%", '"٢٥%" is no share of the hosts, write 5 or "25%"'),
        (" 25%", '" 25%" is no share of the hosts, write 5 or "25%"'),
        ("25%\n", '"25%\\u000A" is no share of the hosts, write 5 or "25%"'),
        (0.25, 'expected a number of hosts or a share of them, got the number 0.25, write 5 or "25%"'),
        (True, 'expected a number of hosts or a share of them, got true, write 5 or "25%"'),
    ],
)
def test_what_is_no_share_is_told_with_what_to_write(value: object, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_share(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("share", "total", "hosts"),
    [
        (Share(percent=25), 10, 2),
        (Share(percent=25), 3, 1),
        (Share(percent=100), 7, 7),
        (Share(percent=1), 1000, 10),
        (Share(count=5), 3, 3),
        (Share(count=5), 30, 5),
    ],
)
def test_a_share_of_some_hosts_is_at_least_one_and_never_more_than_there_are(
    share: Share, total: int, hosts: int
) -> None:
    assert share.of(total) == hosts
