"""Which algorithms are proposed: quick ones first, safe ones behind, ssh_config's wishes as ssh reads them."""

import pytest

from nixtui.remote.algorithms import choose, ciphers, kex, macs

USABLE = ["a1", "a2", "b1", "b2", "old"]
DEFAULTS = ["a1", "b1", "b2"]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, ["a1", "b1", "b2"]),
        ("b2,a1", ["b2", "a1"]),
        ("a*", ["a1", "a2"]),
        ("+old", ["a1", "b1", "b2", "old"]),
        ("^b2,old", ["b2", "old", "a1", "b1"]),
        ("-b*", ["a1"]),
        ("made-up,b1", ["b1"]),
        ("made-up", ["a1", "b1", "b2"]),
        ("-*", ["a1", "b1", "b2"]),
    ],
)
def test_lists_as_ssh_config_writes_them(wanted: str | None, chosen: list[str]) -> None:
    assert choose(wanted, USABLE, DEFAULTS) == chosen


def test_quick_ones_come_first_and_the_others_stay() -> None:
    assert kex(None)[0] == "curve25519-sha256"
    assert ciphers(None)[0] == "aes128-gcm@openssh.com"
    assert {"diffie-hellman-group14-sha256", "ecdh-sha2-nistp256"} < set(kex(None))
    assert {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr"} < set(ciphers(None))
    assert "hmac-sha2-256" in macs(None)


def test_nothing_weak_unless_somebody_asks_for_it() -> None:
    assert not {"3des-cbc", "aes128-cbc", "arcfour"} & set(ciphers(None))
    assert "diffie-hellman-group1-sha1" not in kex(None)
    assert "3des-cbc" in ciphers("+3des-cbc")
