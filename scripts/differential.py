"""Invent Claude Code histories whose truth is known; compare ProdLens and ccusage with it.

    python scripts/differential.py                       200 histories, ProdLens alone
    python scripts/differential.py --ccusage ccusage     the same files read by ccusage, too
    python scripts/differential.py --seed 7 --histories 1 --keep folder

Histories hold streamed partial counts, answers of several blocks, sub-agents, retries, failures,
resumed and forked sessions, answers without a request id and half-written last lines. Compared are
the tokens of every day and model, and for ProdLens the calls of every session and the failures.
Exit 1 when a reader differs from the truth. ccusage is a program of its own (npm, not installed
here); its numbers are read from `ccusage claude daily --json`. Copies of answers without a request
id count twice there, so compare the two with `--bare 0`.
"""

from __future__ import annotations

import argparse
import collections
import copy
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from prodlens.trace_ingestion.outcome import IngestOptions

BEGIN: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)
MODELS: Final = (
    "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5-20251101",
)
ENTRYPOINTS: Final = ("cli", "sdk-cli", "claude-vscode")
COUNTS: Final = ("input", "output", "cache_read", "cache_write")

Line = dict[str, Any]
Totals = dict[tuple[str, str], tuple[int, ...]]
"""By UTC day and model: input without cache, output, cache read, cache write."""


@dataclass
class History:
    """One invented folder of transcripts.

    Attributes:
        files: Lines of each file by its path below `projects/`.
        totals: What was really used.
        calls: Calls of each session, failures among them.
        failures: Failed calls.
    """

    files: dict[str, list[Line]] = field(default_factory=dict)
    totals: Totals = field(default_factory=dict)
    calls: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: int = 0


class Reading(NamedTuple):
    """What one reader says; `calls` and `failures` None where it does not say."""

    totals: Totals
    calls: dict[str, int] | None = None
    failures: int | None = None


class Inventor:
    """Writes one history.

    Args:
        seed: Decides everything.
        bare: Share of answers without a request id, as behind some gateways.
    """

    def __init__(self, seed: int, *, bare: float = 0.2) -> None:
        self._bare = bare
        self._random = random.Random(seed)  # noqa: S311 - histories, no secrets
        self._now = BEGIN + timedelta(hours=self._random.randrange(200))
        self.history = History()

    def invent(self) -> History:
        """Return a history of a few sessions, some of them resumed or forked."""
        for _ in range(self._random.randint(1, 4)):
            session = self._session()
            if self._random.random() < 0.5:
                self._resume(session)
            for _ in range(self._random.choice((0, 0, 1, 2))):
                self._fork(session)
                if self._random.random() < 0.5:
                    self._resume(session)
        return self.history

    # Sessions -------------------------------------------------------------------------------

    def _session(self) -> str:
        session = self._id()
        started = self._random.choice(ENTRYPOINTS)
        lines = self.history.files.setdefault(f"-home-dev-widgets/{session}.jsonl", [])
        self._head(lines, session, started)
        self._turns(lines, session, started)
        return session

    def _resume(self, session: str) -> None:
        self._pass(3600)
        lines = self.history.files[f"-home-dev-widgets/{session}.jsonl"]
        started = self._random.choice(ENTRYPOINTS)
        self._head(lines, session, started)
        self._turns(lines, session, started)

    def _fork(self, origin: str) -> None:
        """Write a session that begins with all of another one's chain, its id written anew."""
        self._pass(3600)
        session = self._id()
        by_command = self._random.random() < 0.5
        started = "cli" if by_command else "sdk-cli"
        lines = self.history.files.setdefault(f"-home-dev-widgets/{session}.jsonl", [])
        if not by_command:
            self._head(lines, session, started)
        for line in self.history.files[f"-home-dev-widgets/{origin}.jsonl"]:
            if "uuid" in line:
                copied = copy.deepcopy(line) | {"sessionId": session, "entrypoint": started}
                if by_command and "forkedFrom" not in line:
                    copied["forkedFrom"] = {"sessionId": origin, "messageUuid": line["uuid"]}
                lines.append(copied)
        self._pass(5)
        self._turns(lines, session, started)

    def _head(self, lines: list[Line], session: str, started: str) -> None:
        if started == "sdk-cli":
            own = {"type": "queue-operation", "timestamp": self._time(), "sessionId": session}
            lines += [own | {"operation": operation} for operation in ("enqueue", "dequeue")]
        else:
            lines.append({"type": "mode", "mode": "normal", "sessionId": session})

    # Turns ----------------------------------------------------------------------------------

    def _turns(self, lines: list[Line], session: str, started: str) -> None:
        common = {
            "isSidechain": False,
            "userType": "external",
            "entrypoint": started,
            "cwd": "/home/dev/widgets",
            "sessionId": session,
            "version": "2.1.197",
            "gitBranch": "main",
        }
        for _ in range(self._random.randint(1, 4)):
            lines.append(self._prompt(common))
            for _ in range(self._random.randint(1, 3)):
                self._answer(lines, common)
            if self._random.random() < 0.3:
                self._sub_agent(common)
            if self._random.random() < 0.2:
                self._failure(lines, common)
            if self._random.random() < 0.3:
                lines.append({"type": "last-prompt", "lastPrompt": "x", "sessionId": session})

    def _prompt(self, common: Line) -> Line:
        message = {"role": "user", "content": "A prompt."}
        return self._line("user", common) | {"promptId": self._id(), "message": message}

    def _answer(self, lines: list[Line], common: Line) -> None:
        """Write an answer of one to three blocks; earlier ones may hold a partial count."""
        model = self._random.choice(MODELS)
        final = [self._random.randrange(1, size) for size in (400, 4000, 90_000, 9_000)]
        streamed = self._random.random() < 0.4
        message_id = f"msg_01{self._hex(22)}"
        request = (
            {} if self._random.random() < self._bare else {"requestId": f"req_01{self._hex(22)}"}
        )
        blocks = self._random.randint(1, 3)
        day = None
        for number in range(blocks):
            counts = list(final)
            if streamed and number < blocks - 1:
                counts[1] = self._random.randint(1, final[1])
            message = {
                "id": message_id,
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": [{"type": "text", "text": f"Part {number}."}],
                "stop_reason": "end_turn" if number == blocks - 1 else None,
                "usage": self._usage(counts),
            }
            lines.append(self._line("assistant", common) | request | {"message": message})
            day = day or str(lines[-1]["timestamp"])[:10]
        key = (str(day), model)
        used = self.history.totals.get(key, (0, 0, 0, 0))
        self.history.totals[key] = tuple(a + b for a, b in zip(used, final, strict=True))
        self.history.calls[common["sessionId"]] += 1

    def _usage(self, counts: list[int]) -> Line:
        plain, out, read, write = counts
        return {
            "input_tokens": plain,
            "cache_creation_input_tokens": write,
            "cache_read_input_tokens": read,
            "output_tokens": out,
            "service_tier": "standard",
        }

    def _sub_agent(self, common: Line) -> None:
        agent = self._hex(17)
        own = common | {"isSidechain": True, "agentId": agent}
        session = common["sessionId"]
        path = f"-home-dev-widgets/{session}/subagents/agent-{agent}.jsonl"
        lines = self.history.files.setdefault(path, [])
        lines.append(self._prompt(own))
        for _ in range(self._random.randint(1, 3)):
            self._answer(lines, own)

    def _failure(self, lines: list[Line], common: Line) -> None:
        """Write attempts that were retried, and often the error that ended them."""
        for attempt in range(1, self._random.randint(2, 4)):
            error = {"status": 529, "requestID": f"req_01{self._hex(22)}"}
            lines.append(
                self._line("system", common)
                | {"subtype": "api_error", "error": error, "retryAttempt": attempt}
            )
            self._fail(common)
        if self._random.random() < 0.6:
            message = {"id": self._id(), "model": "<synthetic>", "usage": self._usage([0] * 4)}
            lines.append(
                self._line("assistant", common)
                | {"message": message, "isApiErrorMessage": True, "apiErrorStatus": 529}
            )
            self._fail(common)

    def _fail(self, common: Line) -> None:
        self.history.failures += 1
        self.history.calls[common["sessionId"]] += 1

    # Values ---------------------------------------------------------------------------------

    def _line(self, kind: str, common: Line) -> Line:
        self._pass(20)
        return common | {"type": kind, "uuid": self._id(), "timestamp": self._time()}

    def _pass(self, seconds: int) -> None:
        """Let time go by; no answer stands on two days."""
        self._now += timedelta(seconds=2 + self._random.randrange(seconds))
        if self._now.hour >= 22:
            self._now = (self._now + timedelta(days=1)).replace(hour=8)

    def _time(self) -> str:
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"


def write(history: History, folder: Path, *, seed: int) -> list[Path]:
    """Write a history as Claude Code does, some files with a half-written last line.

    Returns:
        The files, in an order that the seed decides.
    """
    chance = random.Random(seed)  # noqa: S311 - histories, no secrets
    paths = []
    for name, lines in history.files.items():
        path = folder / "projects" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        if chance.random() < 0.2:
            text += '{"type":"assistant","message":{"id":"msg_01half","usage":{"input_tokens":5'
        path.write_text(text)
        paths.append(path)
    chance.shuffle(paths)
    return paths


# Readers ------------------------------------------------------------------------------------


def read_by_prodlens(paths: list[Path], folder: Path) -> Reading:
    """Return what ProdLens says of some files, read one after the other into a new store."""
    with ProdLensStore(folder / "prodlens.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=folder / "dead-letter", now=lambda: NOW)
        ingestor.ingest([str(path) for path in paths], IngestOptions())
        rows = store.fetch_sessions()
    totals: Totals = {}
    calls: dict[str, int] = collections.Counter()
    failures = 0
    for row in rows:
        calls[row["session_id"]] += 1
        failures += row["error_type"] is not None
        if row["tokens_in"] is None:
            continue
        read, written = row["cache_read_tokens"] or 0, row["cache_write_tokens"] or 0
        plain = row["tokens_in"] - read - written
        key = (row["timestamp"][:10], row["model"])
        used = totals.get(key, (0, 0, 0, 0))
        found = (plain, row["tokens_out"], read, written)
        totals[key] = tuple(a + b for a, b in zip(used, found, strict=True))
    return Reading(totals, dict(calls), failures)


def read_by_ccusage(program: str, folder: Path) -> Reading:
    """Return what ccusage says of a folder.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [program, "claude", "daily", "--json", "--offline", "--timezone", "UTC"]
    environment = os.environ | {"CLAUDE_CONFIG_DIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=120)  # noqa: S603 - a person named the program
    totals: Totals = {}
    for day in json.loads(done.stdout)["daily"]:
        for part in day["modelBreakdowns"]:
            totals[day["date"], part["modelName"]] = (
                part["inputTokens"],
                part["outputTokens"],
                part["cacheReadTokens"],
                part["cacheCreationTokens"],
            )
    return Reading(totals)


def differences(history: History, said: Reading) -> list[str]:
    """Return in words where a reader differs from the truth."""
    found = []
    for key in sorted(history.totals.keys() | said.totals.keys()):
        true = history.totals.get(key, (0, 0, 0, 0))
        read = said.totals.get(key, (0, 0, 0, 0))
        for name, one, other in zip(COUNTS, true, read, strict=True):
            if one != other:
                found.append(f"{key[0]} {key[1]} {name}: {other} instead of {one}")
    if said.calls is not None and said.calls != dict(history.calls):
        found.append(f"calls of sessions: {said.calls} instead of {dict(history.calls)}")
    if said.failures is not None and said.failures != history.failures:
        found.append(f"failures: {said.failures} instead of {history.failures}")
    return found


def compare(
    seed: int, folder: Path, *, program: str | None = None, bare: float = 0.2
) -> dict[str, list[str]]:
    """Return for each reader where it differs from the truth of one history."""
    history = Inventor(seed, bare=bare).invent()
    paths = write(history, folder, seed=seed)
    found = {"prodlens": differences(history, read_by_prodlens(paths, folder))}
    if program is not None:
        found["ccusage"] = differences(history, read_by_ccusage(program, folder))
    return found


def main() -> int:
    """Compare and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=1, help="seed of the first history")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--ccusage", metavar="PROGRAM", help="compare this program, too")
    parser.add_argument(
        "--bare", type=float, default=0.2, help="share of answers without a request id"
    )
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the files there")
    given = parser.parse_args()
    wrong: collections.Counter[str] = collections.Counter()
    for seed in range(given.seed, given.seed + given.histories):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made) if given.keep is None else given.keep / str(seed)
            folder.mkdir(parents=True, exist_ok=True)
            for reader, found in compare(
                seed, folder, program=given.ccusage, bare=given.bare
            ).items():
                wrong[reader] += bool(found)
                for line in found[:5]:
                    print(f"seed {seed}, {reader}: {line}", flush=True)
    for reader, count in sorted(wrong.items()):
        print(f"{reader} differs from the truth in {count} of {given.histories} histories.")
    return 1 if wrong.total() else 0


if __name__ == "__main__":
    sys.exit(main())
