"""Benchmarks: Folkmoot beside a bare Temporal floor and beside AutoGen. `python -m benchmarks --help`."""
