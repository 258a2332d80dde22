"""Settings: defaults < `prodlens.toml` < `.env` and environment < flags; one frozen `Settings`.

Imported by the command line only; inner modules get plain keyword arguments.
"""

from __future__ import annotations

from prodlens.settings.loading import FILE_NAME, Settings, load_settings
from prodlens.settings.table import (
    SETTINGS,
    GithubSettings,
    IngestSettings,
    ReportSettings,
    Setting,
)
from prodlens.settings.values import Kind, PriceSetting

__all__ = [
    "FILE_NAME",
    "SETTINGS",
    "GithubSettings",
    "IngestSettings",
    "Kind",
    "PriceSetting",
    "ReportSettings",
    "Setting",
    "Settings",
    "load_settings",
]
