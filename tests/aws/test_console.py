"""Host keys that an instance printed on its console."""

import pytest

from nixtui.aws.console import PrintedKey, printed_keys

ED = "SHA256:9hPksPsKffQHey0dtyLgafqhA1rfKW8mjYBj1s12Pr4"
RSA = "SHA256:j/ya2r/5FLdHLGnS9PH5mLc8mjMB3ErGgF92Syec1V0"
OLD = "SHA256:j6A+Fjh5c9dtSySgjHJ0K8NUAL1v7Z6S/TwEtVFJHdg"


def console(*fingerprints: str, prefix: str = "", kind: str = "ED25519") -> str:
    lines = [f"256 {each} root@web ({kind})" for each in fingerprints]
    lines = ["-----BEGIN SSH HOST KEY FINGERPRINTS-----", *lines, "-----END SSH HOST KEY FINGERPRINTS-----"]
    return "".join(f"{prefix}{line}\r\n" for line in lines)


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "ec2: ",
        "<14>Feb 18 12:42:13 cloud-init: ",
        "<14>Nov  7 12:42:13 ip-10-0-0-1 ec2: ",
        "cloud-init[1055]: ",
        "[   12.345678] print-host-key[623]: ",
    ],
)
def test_the_list_is_found_behind_what_a_logger_puts_before_it(prefix: str) -> None:
    text = f"[    0.000000] Linux version 6.12\r\n{console(ED, prefix=prefix)}\r\n<<< Welcome to NixOS >>>\r\n"
    assert printed_keys(text) == (PrintedKey(ED, "ED25519"),)


def test_the_list_may_begin_where_a_prompt_waits_in_colour() -> None:
    text = f"\x1b[1;32m<<< Welcome to NixOS >>>\x1b[0m\r\n\r\n\x1b[0mip-10-0-0-1 login: {console(ED)}"
    assert printed_keys(text) == (PrintedKey(ED, "ED25519"),)


def test_of_several_boots_the_last_one_counts() -> None:
    both = console(OLD) + console(ED, prefix="ec2: ")
    assert printed_keys(both) == (PrintedKey(ED, "ED25519"),)


def test_a_list_that_is_cut_off_or_empty_does_not_hide_the_one_before() -> None:
    cut = console(RSA).partition("-----END")[0]
    assert printed_keys(console(ED) + cut) == (PrintedKey(ED, "ED25519"),)
    assert printed_keys(console(ED) + console()) == (PrintedKey(ED, "ED25519"),)
    assert printed_keys(cut) == ()


@pytest.mark.parametrize(
    "prefix",
    [
        "sshd[99]: Invalid user ",
        "[   12.3] sshd[99]: ",
        "Nov 27 01:02:03 web sshd-session[9]: ",
        "> ",
    ],
)
def test_what_strangers_make_other_programs_log_is_no_list(prefix: str) -> None:
    assert printed_keys(console(ED) + console(OLD, prefix=prefix)) == (PrintedKey(ED, "ED25519"),)
    assert printed_keys(console(OLD, prefix=prefix)) == ()


def test_md5_is_no_proof_and_neither_is_half_a_fingerprint() -> None:
    md5 = "256 MD5:ad:d2:38:40:0a:3b:5d:8a:76:ba:db:ae:71:8c:bc:b8 root@web (ED25519)"
    text = console(ED[:-1]).replace("-----END", f"{md5}\n-----END")
    assert printed_keys(text) == ()


def test_what_nixos_prints_has_a_file_for_a_comment_or_none() -> None:
    text = console(ED).replace("root@web ", "no comment ") + console(RSA, kind="RSA").replace("root@web ", "")
    assert printed_keys(text) == (PrintedKey(RSA, "RSA"),)


def test_a_console_without_end_takes_no_memory() -> None:
    many = console(*[f"SHA256:{number:043}" for number in range(5000)])
    assert len(printed_keys(many)) == 16
