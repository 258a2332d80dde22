from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import prodlens

HEAVY = frozenset(
    {
        "dotenv",
        "duckdb",
        "genai_prices",
        "httpx2",
        "msgspec",
        "numpy",
        "orjson",
        "pandas",
        "polars",
        "pyarrow",
        "pydantic",
        "requests",
        "rich",
        "scipy",
        "sqlite3",
        "tomlkit",
        "urllib3",
        "xlsxwriter",
        "zoneinfo",
        "prodlens.settings",
        "prodlens.storage",
    }
)
STORE = frozenset({"sqlite3", "prodlens.settings", "prodlens.storage", "zoneinfo"})

PROGRAM = """
import sys
from prodlens.cli.__main__ import main
sys.argv = ["prod-lens", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def modules_after(folder: Path, *arguments: str) -> set[str]:
    """Run `prod-lens` in a process of its own and return what it imported."""
    environ = {**os.environ, "PYTHONPATH": str(Path(prodlens.__file__).parents[1])}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=environ,
    )
    return set(done.stderr.splitlines())


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_what_every_start_pays_for_is_light(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    modules = modules_after(tmp_path, *arguments)
    assert "prodlens.cli.__main__" in modules
    assert modules & HEAVY == set()
    assert {name for name in modules if name.startswith("prodlens.cli.")} == {
        "prodlens.cli.__main__",
        "prodlens.cli.context",
        "prodlens.cli.lazy",
        "prodlens.cli.output",
    }


@pytest.mark.parametrize(
    "arguments",
    [("ingest-traces", "--help"), ("report", "--help"), ("init", "--help"), ("db", "--help")],
)
def test_the_help_of_a_command_is_light(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert modules_after(tmp_path, *arguments) & HEAVY == set()


def test_showing_settings_needs_no_database_and_no_library(tmp_path: Path) -> None:
    modules = modules_after(tmp_path, "-q", "config", "show")
    assert "prodlens.settings" in modules
    assert modules & (HEAVY - STORE) == set()
    assert "sqlite3" not in modules


def test_looking_at_the_database_needs_no_data_frames(tmp_path: Path) -> None:
    modules_after(tmp_path, "checkpoint", "set", "job", "2026-10-01")
    modules = modules_after(tmp_path, "checkpoint", "list")
    assert "sqlite3" in modules
    assert modules & {"numpy", "pandas", "pyarrow", "scipy", "rich", "requests"} == set()


def test_the_package_itself_imports_nothing(tmp_path: Path) -> None:
    source = str(Path(prodlens.__file__).parents[1])
    script = "import sys, prodlens; print([m for m in sys.modules if m.startswith('prodlens')])"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert done.stdout == "['prodlens']\n"
