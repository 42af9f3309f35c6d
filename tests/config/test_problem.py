from nixtui.config.problem import BadConfiguration, Problem, written


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem("nixtui.toml", 12, "hosts.web-1.adress", "unknown key", 'did you mean "address"?')
    assert str(problem) == 'nixtui.toml:12: hosts.web-1.adress: unknown key, did you mean "address"?'


def test_what_is_unknown_is_left_out() -> None:
    assert str(Problem("nixtui.toml", None, None, "is a directory")) == "nixtui.toml: is a directory"


def test_a_warning_says_that_it_is_one() -> None:
    assert str(Problem("f", 1, "a", "is odd", warning=True)) == "f:1: warning: a: is odd"


def test_the_error_has_a_line_for_each_problem() -> None:
    error = BadConfiguration([Problem("f", 1, "a", "x"), Problem("f", 2, "b", "y")])
    assert str(error) == "f:1: a: x\nf:2: b: y"


def test_keys_are_written_as_toml_does_and_cannot_paint_the_terminal() -> None:
    assert written(("hosts", "web 1", "tags", "a.b")) == 'hosts."web 1".tags."a.b"'
    assert written(("activation", "health", 2, "command")) == "activation.health[2].command"
    assert written(("hosts", '"\x1b[2J\u202e')) == 'hosts."\\"\\u001B[2J\\u202E"'
    assert written(("",)) == '""'
    assert written(()) == ""
