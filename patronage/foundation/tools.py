"""Everything the service uses that can be replaced: handed to `create_app` whole, so that tests see all of it."""

from dataclasses import dataclass, field
from typing import Any

from patronage.foundation.clock import Clock
from patronage.foundation.database import Database
from patronage.foundation.outside import Outside
from patronage.foundation.post import Post


@dataclass(frozen=True)
class Tools:
    """The database, the clock, the post, the gateway to Stripe (`giving.gateway.Gateway`, unknown down here).

    And `outside`, which carries what programs elsewhere asked to be told.
    """

    database: Database
    clock: Clock
    post: Post
    payments: Any
    outside: Outside = field(default_factory=Outside)
