import pytest

from nixtui.model.naming import one_line, printable, refuse_address, refuse_name, refuse_user, shown_name


@pytest.mark.parametrize("name", ["web-1", "web_1", "web.example.com", "1", "_x", "größe", "服务器", "a+b", "x" * 253])
def test_names(name: str) -> None:
    assert refuse_name(name) is None
    assert shown_name(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("-rf", "starts with a dash and would be taken for an option"),
        ("x" * 254, "is longer than 253 characters"),
        ('a"b', 'has a "\\""; letters, digits and + - . _ are possible'),
        ("a b", 'has a " "; letters, digits and + - . _ are possible'),
        ("a\x1b[2J", 'has a "\\u001B"; letters, digits and + - . _ are possible'),
        ("a\u202eb", 'has a "\\u202E"; letters, digits and + - . _ are possible'),
        ("a\n", 'has a "\\u000A"; letters, digits and + - . _ are possible'),
        ("../etc", 'has a "/"; letters, digits and + - . _ are possible'),
        ("a\udcff", 'has a "\\uDCFF"; letters, digits and + - . _ are possible'),
        ("..", "has to start with a letter, a digit or an underscore"),
    ],
)
def test_what_cannot_name_a_host(name: str, reason: str) -> None:
    assert refuse_name(name) == reason
    assert shown_name(name).isprintable()


@pytest.mark.parametrize("sign", list(" \t\"'`\\$;&|<>(){}[]*?!,:=@#~/%^\0\x7f\x9b"))
def test_no_sign_of_a_shell_a_selector_or_a_terminal_is_let_into_a_name(sign: str) -> None:
    assert refuse_name(f"a{sign}b") is not None


@pytest.mark.parametrize("sign", list(" \t\"'`\\$;&|<>(){}[]*?!,=#~/^\0\x7f\x9b"))
def test_nor_into_an_address_or_a_login(sign: str) -> None:
    assert refuse_address(f"a{sign}b") is not None
    assert refuse_user(f"a{sign}b") is not None


def test_addresses_may_be_ipv6_with_a_zone() -> None:
    assert [refuse_address(text) for text in ("::1", "fe80::1%eth0", "10.0.0.1")] == [None] * 3
    assert refuse_address("%h") is not None


def test_text_is_shown_as_one_harmless_line() -> None:
    assert printable('a"\\\n\x1b') == '"a\\"\\\\\\u000A\\u001B"'
    assert printable("x" * 100, 10) == '"xxxxxxxxx…"'
    assert one_line("a\tb\U000e0001") == "a\\u0009b\\U000E0001"
    assert one_line("größe 服务器") == "größe 服务器"
