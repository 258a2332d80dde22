"""Owns the statistics: numbers in, small frozen records out.

Must not touch ProdLens records, the store, files, pandas or the clock. This package file imports
nothing, so ``from prodlens.stats.proportions import wilson`` stays free of numpy and scipy; the
modules ``assignment``, ``growth``, ``monitoring``, ``multiplicity``, ``proportions`` and ``survey``
start without them too.

Conventions of all modules:

* A value that the data cannot give is ``None``, never 0 and never NaN, and ``status`` (see
  ``prodlens.stats.status``) says why.
* Constant, empty or zero data never raise. ``ValueError`` is for calls that are wrong in
  themselves: unequal lengths, negative counts, a confidence level outside (0, 1).
* A confidence level is given as a fraction (0.95); every interval is two-sided.
"""

from __future__ import annotations
