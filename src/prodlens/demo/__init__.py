"""Invented data in the shapes that real tools write; deterministic by seed, offline."""

from __future__ import annotations
