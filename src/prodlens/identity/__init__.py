"""Which accounts, e-mails and trace users are one person, on what evidence, and what people say."""

from __future__ import annotations

from prodlens.identity.evidence import Evidence, Identity, parse_identity
from prodlens.identity.joining import join
from prodlens.identity.people import People, Resolution
from prodlens.identity.suggestions import suggest

__all__ = ["Evidence", "Identity", "People", "Resolution", "join", "parse_identity", "suggest"]
