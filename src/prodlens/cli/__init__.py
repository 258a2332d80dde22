"""The command line: parsing, wiring, printing, exit codes; no computing, no SQL.

Importing this package costs nothing; `python -m prodlens.cli` and the console scripts `prod-lens`
and `prodlens` start in `prodlens.cli.__main__`.
"""
