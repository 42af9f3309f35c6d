"""The rules of the house: who may know whom, and what every file owes its reader.

The floors themselves are contracts in pyproject.toml, which import-linter checks; what it has no words for is here.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nixtui"
MODULES = sorted(PACKAGE.rglob("*.py"))
STYLES = sorted(PACKAGE.rglob("*.tcss"))
SCRIPTS = sorted(PACKAGE.rglob("*.sh"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MOST_LINES = 450
"""A file is one noun; most have well under 300. Scripts for hosts travel as one and may be longer."""

MOST_LINES_OF_A_FUNCTION = 70
"""A function fits on a screen; most have under 40."""

STARTS_A_PROCESS = re.compile(r"create_subprocess_\w+|exec[lv]\w*|spawn[lv]\w*|posix_spawnp?|fork(pty)?|popen|system")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), str(path))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, for type checkers only as well."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=module):
                yield module or ""


def lines_where(paths: list[Path], pattern: str) -> list[str]:
    """`file:line: text` of every line that has it."""
    wanted = re.compile(pattern)
    numbered = ((path, number, line) for path in paths for number, line in enumerate(text(path).splitlines(), 1))
    return [f"{shown(path)}:{number}: {line.strip()}" for path, number, line in numbered if wanted.search(line)]


def test_every_floor_imports_only_from_the_floors_below_it() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([lint_imports, "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_nouns_need_only_the_standard_library_and_msgspec() -> None:
    allowed = sys.stdlib_module_names | {"msgspec", "nixtui"}
    imported = {
        (shown(path), name) for path in MODULES if path.is_relative_to(PACKAGE / "model") for name in imports(path)
    }
    assert {(path, name) for path, name in imported if name.partition(".")[0] not in allowed} == set()


def test_screens_start_no_process() -> None:
    """import-linter sees modules; asyncio and os, which start processes too, are not forbidden as a whole."""
    started = [
        f"{shown(path)}:{node.lineno}: {node.attr}"
        for path in MODULES
        if path.is_relative_to(PACKAGE / "tui")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and STARTS_A_PROCESS.fullmatch(node.attr)
    ]
    assert started == []


def test_the_command_starts_without_what_only_some_commands_need() -> None:
    heavy = ("asyncssh", "boto3", "botocore", "rich", "textual", "yaml")
    program = f"import sys, nixtui.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_folder_says_what_it_is_for() -> None:
    openings = [folder / "__init__.py" for folder in sorted({path.parent for path in MODULES})]
    assert [shown(path) for path in openings if not path.exists() or not ast.get_docstring(tree(path))] == []


def test_every_folder_of_tests_is_a_package() -> None:
    """Otherwise two files of the same name in different folders are one module to pytest."""
    folders = sorted({path.parent for path in TESTS})
    assert [shown(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_file_is_one_noun() -> None:
    lengths = {shown(path): len(text(path).splitlines()) for path in MODULES + STYLES}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_every_function_fits_on_a_screen() -> None:
    lengths = {
        f"{shown(path)}:{node.lineno}: {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {function: length for function, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_nothing_is_left_for_later() -> None:
    later = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X"))
    assert lines_where(MODULES + STYLES + SCRIPTS + TESTS, rf"\b({later})\b") == []


def test_where_the_type_checker_is_overruled_it_says_why() -> None:
    """`# type: ignore[code]  # reason`."""
    overruled = lines_where(MODULES, r"# type: ignore")
    assert [line for line in overruled if not re.search(r"# type: ignore\[[a-z, -]+\] +# \w", line)] == []
