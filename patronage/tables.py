"""All tables of all rooms, for the migrations and for the tests that compare them."""

import importlib
import importlib.util

from patronage.foundation import identity, jobs, outbox, shared_clock
from patronage.foundation.database import Base
from patronage.foundation.web import limits

FOUNDATION = (identity, jobs, outbox, shared_clock, limits)
ROOMS = ("people", "books", "giving", "ballots")

for room in ROOMS:
    if importlib.util.find_spec(f"patronage.{room}.models") is None:
        continue
    importlib.import_module(f"patronage.{room}.models")

metadata = Base.metadata
