"""All tables of all rooms, for the migrations and for the tests that compare them."""

from patronage.ballots import models as ballots
from patronage.ballots.deciding import models as deciding
from patronage.ballots.electing import models as electing
from patronage.ballots.suggesting import models as suggesting
from patronage.books import models as books
from patronage.books.papers import models as papers
from patronage.foundation import identity, jobs, outbox, shared_clock
from patronage.foundation.database import Base
from patronage.foundation.web import limits
from patronage.giving import models as giving
from patronage.giving.dunning import models as dunning
from patronage.giving.figures import models as figures
from patronage.giving.keeping import models as keeping
from patronage.giving.memberships import models as memberships
from patronage.giving.reconciling import models as reconciling
from patronage.giving.returning import models as returning
from patronage.newsroom import models as newsroom
from patronage.newsroom.api import models as api
from patronage.newsroom.hooks import models as hooks
from patronage.people import models as people

MODULES = (
    identity,
    jobs,
    outbox,
    shared_clock,
    limits,
    people,
    books,
    papers,
    giving,
    dunning,
    figures,
    keeping,
    memberships,
    reconciling,
    returning,
    ballots,
    deciding,
    suggesting,
    electing,
    newsroom,
    api,
    hooks,
)

metadata = Base.metadata
