from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import prodlens
from fakes.calls import awkward_calls
from fakes.git_repositories import Repository
from prodlens.aggregation import ParquetExporter
from prodlens.cli.__main__ import COMMANDS
from prodlens.storage import ProdLensStore

HEAVY = frozenset(
    {
        "aiohttp",
        "boto3",
        "botocore",
        "dotenv",
        "duckdb",
        "fsspec",
        "genai_prices",
        "hypothesis",
        "httpx2",
        "moto",
        "msgspec",
        "numpy",
        "orjson",
        "pandas",
        "polars",
        "py4j",
        "pyarrow",
        "pydantic",
        "pyspark",
        "requests",
        "rich",
        "s3fs",
        "scipy",
        "sqlite3",
        "tomlkit",
        "typst",
        "urllib3",
        "xlsxwriter",
        "zoneinfo",
        "prodlens.settings",
        "prodlens.storage",
    }
)
STORE = frozenset({"sqlite3", "prodlens.settings", "prodlens.storage", "zoneinfo"})

PROGRAM = """
import gc, sys
from prodlens.cli.__main__ import main
sys.argv = ["prod-lens", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert (end.code or 0) in ALLOWED, end.code
assert gc.get_freeze_count() > 0, "the end of a command looks for cycles"
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def modules_after(folder: Path, *arguments: str, allowed: tuple[int, ...] = (0,)) -> set[str]:
    """Run `prod-lens` in a process of its own and return what it imported."""
    environ = {**os.environ, "PYTHONPATH": str(Path(prodlens.__file__).parents[1])}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", f"ALLOWED = {allowed}{PROGRAM}", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=environ,
    )
    return set(done.stderr.splitlines())


PRICES = {"genai_prices", "httpx2", "pydantic", "zoneinfo"}
STATISTICS = {"numpy", "scipy"}
PARQUET = {"pyarrow", "numpy", "pandas", "zoneinfo"}
"""Arrow looks for numpy and pandas by itself, and takes them along where they are installed."""
USES: dict[str, tuple[str, set[str]]] = {
    "aggregate": ("", set()),
    "audit": ("--since 2026-10-01", PRICES | STATISTICS),  # the package of metrics brings them
    "checkpoint": ("list", set()),
    "completion": ("zsh", set()),
    "config": ("show", set()),
    "correlate": ("--since 2026-10-01", STATISTICS),
    "db": ("info", set()),
    "dead-letter": ("list", set()),
    "developer": ("list", set()),
    "doctor": ("", STATISTICS),
    "effect": ("--since 2026-10-01", STATISTICS),
    "etag": ("list", set()),
    "export": ("parquet --out exported", PARQUET),
    "ingest-git": (". --repo a/b", set()),
    "ingest-traces": ("trace.jsonl", {"msgspec", *PRICES}),
    "init": ("--force", {"msgspec", "tomlkit"}),
    "lake": ("aggregate --from lake", {"duckdb", *PARQUET}),
    "models": ("", set()),
    "power": ("", STATISTICS),
    "prices": ("missing", PRICES),
    "prs": ("", set()),
    "report": ("--since 2026-10-01", STATISTICS),
    "sessions": ("", set()),
    "summary": ("", STATISTICS),
}
"""How each command is run on a small database, and which libraries it has a use for there."""
NOT_RUN = {
    "demo": "invents a team for seconds",
    "ingest-github": "asks GitHub",
    "reconcile": "needs the bill of a provider",
    "retention": "needs a clone with the edits of an assistant",
    "sync": "asks GitHub",
}
SHARED = {"sqlite3", "prodlens.settings", "prodlens.storage"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database, a lake, a trace and a repository."""
    folder = Repository(tmp_path_factory.mktemp("prepared") / "work").path
    with ProdLensStore(folder / ".prod-lens" / "cache.db") as store:
        store.insert_sessions(awkward_calls(60))
        ParquetExporter(folder / "lake").export_sessions_by_date(store)
    trace = '{"timestamp": "2026-10-01T12:00:00Z", "model": "gpt-5", "usage": {"input_tokens": 3}}'
    (folder / "trace.jsonl").write_text(f"{trace}\n", encoding="utf-8")
    return folder


def test_every_command_has_a_row_here() -> None:
    assert sorted([*USES, *NOT_RUN]) == sorted(COMMANDS)


@pytest.mark.parametrize("command", USES)
def test_a_command_imports_only_what_it_uses(prepared: Path, command: str) -> None:
    arguments, used = USES[command]
    modules = modules_after(prepared, command, *arguments.split(), allowed=(0, 4))
    assert modules & HEAVY - SHARED - used == set()
    assert {"pyspark", "duckdb", "s3fs", "pandas"} & modules <= used


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_is_light(tmp_path: Path, command: str) -> None:
    assert modules_after(tmp_path, command, "--help") & HEAVY == set()


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


def test_a_report_without_statistics_loads_no_numerical_library(prepared: Path) -> None:
    modules = modules_after(prepared, "report", "--no-statistics", "--since", "2026-10-01")
    assert modules & HEAVY - SHARED == set()


ONLY_FOR_OTHER_REPORTS = {
    "asyncio",
    "difflib",  # a word that was mistyped
    "email",
    "hmac",  # names of temporary files
    "importlib.metadata",
    "logging",
    "secrets",
    "ssl",
    "tomllib",  # a file of settings
    "prodlens.exports.building_lags",
    "prodlens.exports.files",
    "prodlens.exports.flat_csv",
    "prodlens.exports.html_page",
    "prodlens.exports.json_document",
    "prodlens.exports.markdown",
    "prodlens.exports.pdf",
    "prodlens.exports.registry",
    "prodlens.exports.svg",
    "prodlens.exports.workbook",
    "prodlens.metrics.against",
    "prodlens.metrics.cache",
    "prodlens.metrics.high_low_days",
    "prodlens.metrics.lag_profile",
    "prodlens.stats.association",
    "prodlens.storage.correlations",
    "prodlens.storage.traces",  # what writes calls
}
"""What no report on the terminal has a use for as long as neither statistics nor files are asked."""


def test_a_report_on_the_terminal_loads_nothing_of_other_reports(
    prepared: Path, tmp_path: Path
) -> None:
    database = str(prepared / ".prod-lens" / "cache.db")
    modules = modules_after(tmp_path, "report", "--no-statistics", "--db", database)
    assert {"prodlens.metrics.report", "prodlens.exports.terminal"} <= modules
    assert modules & ONLY_FOR_OTHER_REPORTS == set()


def test_every_module_that_a_short_report_does_without_exists() -> None:
    assert {name for name in ONLY_FOR_OTHER_REPORTS if find_spec(name) is None} == set()


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
