"""Costs: the best of several, in turns; and every row of the table is measured by one group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def measuring(benchmark_module: Callable[[str], Any]) -> Any:
    return benchmark_module("measuring")


@pytest.fixture(scope="module")
def bars(benchmark_module: Callable[[str], Any]) -> Any:
    return benchmark_module("bars")


def test_steps_are_run_in_turns(measuring: Any) -> None:
    order: list[str] = []

    def step(name: str) -> Callable[[], Any]:
        def run() -> Any:
            order.append(name)
            return measuring.Cost(1.0, 1.0, 1.0, {})

        return run

    found = measuring.in_turns(3, {"a": step("a"), "b": step("b")})
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert len(found["a"].of) == 3


def test_the_least_time_counts_and_the_most_memory(measuring: Any) -> None:
    one = measuring.Cost(2.0, 1.0, 50.0, {"s": 0.5, "added": 7})
    other = measuring.Cost(1.0, 3.0, 60.0, {"s": 0.4, "added": 7})
    costs = measuring.Costs((one, other))
    assert (costs.wall_s, costs.cpu_s, costs.peak_mb) == (1.0, 1.0, 60.0)
    assert costs.least("s") == 0.4
    assert costs.all("added") == {7}


def test_a_process_is_measured_and_says_its_numbers(measuring: Any) -> None:
    cost = measuring.run("-c", "print('x'); print('{\"rows\": 3}')")
    assert cost.said == {"rows": 3}
    assert 0 < cost.cpu_s < 60
    assert cost.wall_s > 0
    assert cost.peak_mb > 4


def test_memory_of_a_process_that_was_waited_for_counts(measuring: Any) -> None:
    child = "import sys; sys.stdout.write(str(len(bytearray(300 << 20))))"
    cost = measuring.run(
        "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    )
    assert cost.peak_mb > 290


def test_a_process_that_fails_is_an_error(measuring: Any) -> None:
    with pytest.raises(measuring.StepFailedError, match="exit code 3"):
        measuring.run("-c", "raise SystemExit(3)")


def test_idle_cores_are_some_of_those_there_are(
    measuring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_LOOK_S", 0.05)
    assert -1 < measuring.idle_cores() < 2 * measuring.machine()["cores"]


def test_values_that_differ_are_counted_and_sums_of_fractions_are_compared(
    benchmark_module: Callable[[str], Any],
) -> None:
    said = {"rows": 0, "different": 0, "worst": 0.0}
    names = ["day", "calls", "latency_sum", "created_at"]
    found = [("a", 1, 2.0, "now"), ("b", 2, 1.0, "now")]
    wanted = [("a", 1, 1.0, "then"), ("b", 3, 1.0, "then"), ("c", 1, 1.0, "then")]
    benchmark_module("steps")._compare(said, names, found, wanted)
    assert said == {"rows": 3, "different": 2, "worst": 0.5}


def test_every_row_has_one_name(bars: Any) -> None:
    assert len(set(bars.NAMES)) == len(bars.NAMES) == 21
    given = bars.arguments(["--quick", "--rows", "help", "new-day"])
    assert given.rows == ["help", "new-day"]


def test_a_row_that_there_is_not_is_refused(bars: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bars.arguments(["--rows", "speed"])
    assert "invalid choice: 'speed'" in capsys.readouterr().err


def test_only_groups_with_a_wanted_row_are_measured(
    bars: Any, measuring: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def row(name: str) -> Any:
        return bars.Row(name=name, what=name, measured=1.0, bar=2.0)

    def fails(_: Any) -> Any:
        raise measuring.StepFailedError("ingest: exit code 1")

    groups = (
        (("a", "b"), lambda _: [row("a"), row("b")]),
        (("c",), lambda _: pytest.fail("not wanted")),
        (("d",), fails),
    )
    monkeypatch.setattr(bars, "GROUPS", groups)
    found = bars.measured(None, ["b", "d"])
    assert [(one.name, one.measured) for one in found] == [("b", 1.0), ("d", None)]
    assert found[1].note == "failed: ingest: exit code 1"
    assert "a, b:" in capsys.readouterr().err


def test_trace_files_are_kept_and_databases_are_not(
    benchmark_module: Callable[[str], Any], tmp_path: Path
) -> None:
    workspace = benchmark_module("workspace")
    work = workspace.Workspace(tmp_path, workspace.QUICK, 1)
    log = work.log("small", 20)
    assert len(log.read_bytes().splitlines()) == 20
    day = work.one_day(20, days_after=90, seed=9)
    assert b"2026-08-30T" in day.read_bytes()
    db = work.new_db("some")
    for name in ("some.db", "some.db-wal"):
        (tmp_path / name).write_bytes(b"x")
    assert db == tmp_path / "some.db"
    work.clear()
    assert sorted(tmp_path.iterdir()) == sorted([log, day])
