"""The one table of settings: key, kind, default, environment name, meaning, example.

Reading, `config show`, `docs/reference/settings.md`, the first `prodlens.toml` and the tests all
derive from the fields declared here. Reads nothing itself.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.settings.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from prodlens.settings.values import PriceSetting

PREFIX: Final = "PRODLENS_"
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known about one setting.

    Attributes:
        key: Dotted name as in `prodlens.toml`.
        kind: What its values look like.
        default: Value when nothing is given.
        help: One sentence for people.
        example: A value as TOML text.
        environment: Names of environment variables, the first wins; empty for none.
        flag: Option of the command line that sets it; None when there is none.
        minimum: Least value of a whole number.
    """

    key: str
    kind: Kind
    default: Any
    help: str
    example: str
    environment: tuple[str, ...]
    flag: str | None
    minimum: int

    @property
    def secret(self) -> bool:
        """Whether the value is never shown, and never read from `prodlens.toml`."""
        return self.kind is Kind.SECRET

    @property
    def section(self) -> str:
        """The table of `prodlens.toml` that holds it; empty at the top."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its name inside its table."""
        return self.key.rpartition(".")[2]


def _about(kind: Kind, text: str, example: str, **more: Any) -> dict[str, Any]:
    """Return the row of the table that a dataclass field carries as its metadata."""
    return {"kind": kind, "help": text, "example": example, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """How traces are read."""

    paths: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            Kind.PATHS,
            "Files, folders or globs with traces, as `prod-lens init` found them.",
            '["litellm/*.jsonl"]',
        ),
    )
    developer: str | None = field(
        default=None,
        metadata=_about(
            Kind.TEXT,
            "Developer id of calls whose records name nobody, on a computer that one person uses.",
            '"kim"',
        ),
    )
    dead_letter_dir: Path = field(
        default=Path(".prod-lens/dead-letter"),
        metadata=_about(
            Kind.PATH,
            "Folder for lists of records that were set aside.",
            '".prod-lens/dead-letter"',
        ),
    )
    parquet_dir: Path = field(
        default=Path(".prod-lens/parquet"),
        metadata=_about(Kind.PATH, "Folder of the Parquet files.", '".prod-lens/parquet"'),
    )
    max_record_bytes: int = field(
        default=64 * _MEBIBYTE,
        metadata=_about(
            Kind.INTEGER,
            "Longest record that is read, in bytes; a longer one is set aside.",
            "67108864",
            minimum=1024,
        ),
    )
    processes: int = field(
        default=2,
        metadata=_about(
            Kind.INTEGER,
            "How many processes may read trace files at the same time, where there are 16 MiB or "
            "more to read; never more than the machine has cores.",
            "4",
            minimum=1,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSettings:
    """How GitHub is asked."""

    token: str | None = field(
        default=None,
        repr=False,
        metadata=_about(
            Kind.SECRET, "Token for GitHub; reading rights are enough.", "", also=("GITHUB_TOKEN",)
        ),
    )
    base_url: str = field(
        default="https://api.github.com",
        metadata=_about(
            Kind.URL,
            "Address of the API; another one for GitHub Enterprise Server. Read from the environment "
            "(PRODLENS_GITHUB_BASE_URL) only, since a file may be somebody else's.",
            '"https://github.example.com/api/v3"',
        ),
    )
    max_wait_minutes: int = field(
        default=15,
        metadata=_about(
            Kind.INTEGER, "How long to wait for a rate limit before stopping (exit code 5).", "30"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """How reports count."""

    timezone: str = field(
        default="UTC",
        metadata=_about(
            Kind.ZONE,
            "Time zone whose days a report counts in; the daily tables stay in UTC.",
            '"Europe/Berlin"',
        ),
    )
    policy_models: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            Kind.TEXTS,
            "Models (globs) that people are meant to use; without them there is no selection accuracy.",
            '["claude-sonnet-*"]',
        ),
    )
    ai_labels: tuple[str, ...] = field(
        default=("claude-code-assisted", "ai-assisted", "ai-generated"),
        metadata=_about(
            Kind.TEXTS,
            "Labels (globs) of pull requests that say that an AI assistant helped.",
            '["claude-code-assisted", "ai:*"]',
        ),
    )
    nonworking_days: tuple[date, ...] = field(
        default=(),
        metadata=_about(
            Kind.DAYS,
            "Holidays and shutdowns beside weekends; they get a term of their own in associations.",
            '["2026-12-24", "2026-12-25"]',
        ),
    )
    idle_minutes: int = field(
        default=30,
        metadata=_about(
            Kind.INTEGER,
            "Minutes without a call that end a working session.",
            "30",
            minimum=1,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmatorySettings:
    """The one comparison that is declared before anybody looks."""

    x: str | None = field(
        default=None,
        metadata=_about(
            Kind.TEXT,
            "Daily metric of use of the one comparison declared beforehand; all others explore.",
            '"sessions"',
        ),
    )
    y: str | None = field(
        default=None, metadata=_about(Kind.TEXT, "Its daily metric of delivery.", '"commits"')
    )
    lag: int = field(
        default=1, metadata=_about(Kind.INTEGER, "Its days from use to delivery.", "1")
    )
    since: date | None = field(
        default=None, metadata=_about(Kind.DAY, "First day of its window.", "2026-10-01")
    )
    until: date | None = field(
        default=None,
        metadata=_about(
            Kind.DAY,
            "Day after the last one of its window; before it, nothing is confirmed.",
            "2027-01-01",
        ),
    )
    repo: str | None = field(
        default=None,
        metadata=_about(
            Kind.TEXT, "Its repository (owner/name); all of them if not given.", '"acme/payments"'
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Every setting with its value; `prodlens.settings.Settings` adds where each came from."""

    database: Path = field(
        default=Path(".prod-lens/cache.db"),
        metadata=_about(Kind.PATH, "Database file.", '".prod-lens/cache.db"', flag="--db"),
    )
    repositories: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            Kind.TEXTS, "Repositories (owner/name) that this team works on.", '["acme/payments"]'
        ),
    )
    ingest: IngestSettings = field(default_factory=IngestSettings)
    github: GithubSettings = field(default_factory=GithubSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    confirmatory: ConfirmatorySettings = field(default_factory=ConfirmatorySettings)
    prices: tuple[PriceSetting, ...] = field(
        default=(),
        metadata=_about(
            Kind.PRICES,
            "Prices of your own, in US dollars per million tokens; they go before the price list.",
            '[{ model = "my-model", input = 3, output = 15 }]',
            environment=(),
        ),
    )


SECTIONS: Final[dict[str, type[Any]]] = {
    "ingest": IngestSettings,
    "github": GithubSettings,
    "report": ReportSettings,
    "confirmatory": ConfirmatorySettings,
}
"""The tables of `prodlens.toml` and the classes of their values."""


def _rows(owner: type[Any], section: str = "") -> Iterator[Setting]:
    for item in dataclasses.fields(owner):
        key = f"{section}.{item.name}" if section else item.name
        if not item.metadata:
            yield from _rows(SECTIONS[item.name], item.name)
            continue
        row = dict(item.metadata)
        variable = (PREFIX + key.upper().replace(".", "_"), *row.pop("also", ()))
        yield Setting(
            key=key,
            default=item.default,
            environment=row.pop("environment", variable),
            flag=row.pop("flag", None),
            minimum=row.pop("minimum", 0),
            **row,
        )


SETTINGS: Final = tuple(_rows(Values))
"""Every setting, in the order of the file."""
