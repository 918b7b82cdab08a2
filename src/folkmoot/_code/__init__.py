"""Running what a model wrote, on the worker: processes in a confined folder, with limits, and nothing left behind.

This confines mistakes, not attackers: the code runs as the worker's user. Workers that run code of models nobody
trusts belong into a container of their own.
"""

from .runner import run_blocks

__all__ = ["run_blocks"]
