"""Formats of other packages: found by their entry point, and never in the way of ours."""

from __future__ import annotations

import json
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens import trace_normalizer
from prodlens.errors import InputError
from prodlens.schemas import CanonicalTrace, Reject, RejectReason, Skipped
from prodlens.sources import third_party
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from prodlens.trace_normalizer import detect, parse_format, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prodlens.schemas import Outcome

    Install = Callable[..., None]

EXAMPLE = Path(__file__).parents[2] / "data" / "example_source"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CALL = {
    "acme_call": "c-1",
    "at": 1795372681000,
    "took": 250,
    "who": "ada",
    "chat": "s-1",
    "model": "gpt-4o",
    "tokens": {"in": 1200, "out": 80},
}
SIMPLE = {
    "timestamp": "2026-11-22T12:00:00Z",
    "usage": {"input_tokens": 10, "output_tokens": 5},
}


def forget() -> None:
    for remembered in (
        third_party.found,
        trace_normalizer._adapters,
        trace_normalizer._registered,
    ):
        remembered.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Give a function that puts a package with entry points where Python finds packages."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    made: list[str] = []

    def put(package: str, points: dict[str, str], **modules: str) -> None:
        info = site / f"{package.replace('-', '_')}-1.0.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n"
        )
        lines = [f"{name} = {value}" for name, value in points.items()]
        info.joinpath("entry_points.txt").write_text("\n".join(["[prodlens.sources]", *lines]))
        for module, code in modules.items():
            site.joinpath(f"{module}.py").write_text(code)
            made.append(module)
        forget()

    forget()
    yield put
    forget()
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def example(install: Install) -> None:
    """Install the example package as its own `pyproject.toml` says."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    code = (EXAMPLE / "example_source" / "__init__.py").read_text()
    points = project["entry-points"][third_party.GROUP]
    install(project["name"], points, example_source=code)


def read(*records: dict[str, Any], named: str | None = None) -> list[Outcome]:
    return list(read_records(records, named, now=NOW))


# A package that works -----------------------------------------------------------------------


@pytest.mark.usefixtures("example")
def test_a_record_of_another_package_is_recognised_and_read() -> None:
    assert detect(CALL) == "acme_log"
    (call,) = read(CALL)
    assert isinstance(call, CanonicalTrace)
    assert (call.source, call.native_key) == ("acme_log", "acme:c-1")
    assert (call.tokens_in, call.tokens_out, call.latency_ms) == (1200, 80, 250.0)
    assert read({"acme_heartbeat": 1}) == [Skipped("Acme heartbeat")]


@pytest.mark.usefixtures("example")
def test_records_of_another_package_enter_the_store_once(tmp_path: Path) -> None:
    log = tmp_path / "acme.jsonl"
    other = CALL | {"acme_call": "c-2", "tokens": {"in": 300, "out": 20}}
    lines = [CALL, {"acme_heartbeat": 1}, other, CALL, {"acme_call": "c-3"}]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with ProdLensStore(tmp_path / "prodlens.db") as store:
        for _ in range(2):
            TraceIngestor(store).ingest_file(log)
        rows = store.conn.execute(
            "select source, session_id, developer_id, model, tokens_in, tokens_out, timestamp"
            " from sessions order by tokens_in"
        ).fetchall()
        letters = store.conn.execute("select count(*) from dead_letters").fetchone()[0]
    when = "2026-11-22T18:38:01.000000Z"
    assert [tuple(row) for row in rows] == [
        ("acme_log", "s-1", "ada", "gpt-4o", 300, 20, when),
        ("acme_log", "s-1", "ada", "gpt-4o", 1200, 80, when),
    ]
    assert letters == 1


@pytest.mark.usefixtures("example")
def test_a_format_of_another_package_can_be_named() -> None:
    assert parse_format("Acme-Log") == "acme_log"
    (reject,) = read({"at": "?"}, named="acme_log")
    assert isinstance(reject, Reject)
    with pytest.raises(InputError, match=r"use one of auto, .*, acme_log"):
        parse_format("nonsense")


@pytest.mark.usefixtures("example")
def test_another_package_never_sees_records_of_ours() -> None:
    ours = {"type": "turn_context", "payload": {}, "timestamp": "x", "acme_call": "c"}
    assert detect(ours) == "codex"
    assert detect(SIMPLE) == "prodlens_simple"


def test_a_call_that_names_no_source_has_the_name_of_its_format(install: Install) -> None:
    code = """
from datetime import UTC, datetime
from prodlens.schemas import CanonicalTrace
name = "plain"
def matches(record): return "plain" in record
def read(record, *, now):
    yield CanonicalTrace(session_id=None, developer_id=None, timestamp=now, model=None,
        tokens_in=1, tokens_out=2, latency_ms=None, status_code=None, accepted_flag=None)
"""
    install("plain-source", {"plain": "plain_source"}, plain_source=code)
    (call,) = read({"plain": 1})
    assert isinstance(call, CanonicalTrace)
    assert call.source == "plain"


# Packages that are broken -------------------------------------------------------------------

ADAPTER = """
class Adapter:
    name = {name!r}
    def matches(self, record): return "mine" in record
    def read(self, record, *, now): return ()
adapter = Adapter()
"""


@pytest.mark.parametrize(
    ("value", "code", "why"),
    [
        ("gone_module", None, "can't be loaded (ModuleNotFoundError: No module named"),
        ("half:adapter", "import nothing_of_that_name", "can't be loaded (ModuleNotFoundError"),
        ("half:adapter", "raise RuntimeError('no')", "can't be loaded (RuntimeError: no)"),
        ("half:adapter", "", "can't be loaded (AttributeError"),
        ("half:adapter", ADAPTER.format(name="codex"), "its `name` 'codex' is taken"),
        ("half:adapter", ADAPTER.format(name="Not a name"), "is not of lower-case letters"),
        ("half", "name = 'half'\ndef matches(record): return False", "no method 'read'"),
    ],
)
def test_a_broken_package_is_named_and_stops_nothing(
    install: Install,
    caplog: pytest.LogCaptureFixture,
    value: str,
    code: str | None,
    why: str,
) -> None:
    modules = {} if code is None else {"half": code}
    install("half-done", {"half_done": value}, **modules)
    assert isinstance(read(SIMPLE)[0], CanonicalTrace)
    assert isinstance(read({"mine": 1})[0], Reject)
    (message,) = [one.getMessage() for one in caplog.records]
    assert message.startswith("Left out trace format 'half_done' of package half-done: ")
    assert why in message
    with pytest.raises(InputError, match="Can't use trace format 'half_done' of package half-done"):
        parse_format("half_done")


def test_one_of_two_packages_with_one_name_is_left_out(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("one", {"a": "one:adapter"}, one=ADAPTER.format(name="twice"))
    install("two", {"b": "two:adapter"}, two=ADAPTER.format(name="twice"))
    assert [one.name for one in third_party.found(frozenset()).adapters] == ["twice"]
    assert "trace format 'b' of package two: its `name` 'twice' is taken" in caplog.text


FAILING = """
name = "failing"
def matches(record):
    if "stumble" in record: raise KeyError(record["stumble"])
    return "fail" in record
def read(record, *, now):
    if record["fail"] == "late":
        yield "no outcome"
    raise ValueError(record["secret"])
"""


def test_a_record_that_another_package_fails_on_is_set_aside(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("failing", {"failing": "failing_source"}, failing_source=FAILING)
    records: list[dict[str, Any]] = [
        {"fail": "now", "secret": "private"},
        SIMPLE,
        {"fail": "late", "secret": "private"},
    ]
    first, simple, second = read(*records)
    for reject in (first, second):
        assert isinstance(reject, Reject)
        assert reject.reason is RejectReason.BAD_FIELD
        assert reject.scalars == {"format": "failing"}
    assert isinstance(simple, CanonicalTrace)
    assert caplog.messages == ["Trace format failing of package failing: read raised ValueError."]


def test_a_test_that_fails_switches_the_format_off(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("failing", {"failing": "failing_source"}, failing_source=FAILING)
    outcomes = read({"stumble": "private"}, {"fail": "now", "secret": "private"}, SIMPLE)
    assert [type(one) for one in outcomes] == [Reject, Reject, CanonicalTrace]
    assert caplog.messages == ["Trace format failing of package failing: matches raised KeyError."]
    assert "private" not in caplog.text


def test_without_other_packages_there_is_nothing_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    assert third_party.found.__wrapped__(frozenset({"auto"})).broken == {}
    assert caplog.messages == []
