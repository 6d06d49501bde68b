"""Lets `python -m patronage` stand in for the `patronage` command."""

from patronage.cli import main

main()
