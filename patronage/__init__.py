"""patronage: patrons, donations and topic votes for independent newsrooms."""

__version__ = "0.1.0"
