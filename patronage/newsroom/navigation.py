"""What stands in the desk's menu, for each role."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_login import current_user

EVERYBODY = frozenset({"editor", "bookkeeper", "admin"})
EDITORS = frozenset({"editor", "admin"})
MONEY = frozenset({"bookkeeper", "admin"})
ADMIN = frozenset({"admin"})


def menu() -> dict[str, Any]:
    """Give desk pages `desk_nav`: (label, address, whether one is there), only what this person may open."""
    if not request.path.startswith("/desk") or not current_user.is_authenticated:
        return {}
    doors = [
        (_("Overview"), "/desk", EVERYBODY),
        (_("Rounds"), "/desk/rounds", EDITORS),
        (_("Topics"), "/desk/topics", EDITORS),
        (_("Promises"), "/desk/owed", EDITORS),
        (_("Stories"), "/desk/stories", EVERYBODY),
        (_("Patrons"), "/desk/patrons", MONEY),
        (_("Books"), "/desk/books", MONEY),
        (_("Settings"), "/desk/settings", ADMIN),
        (_("Audit"), "/desk/audit", ADMIN),
    ]
    roles = set(current_user.roles)
    return {"desk_nav": [(label, path, _here(path)) for label, path, allowed in doors if roles & allowed]}


def _here(path: str) -> bool:
    return request.path == path or (path != "/desk" and request.path.startswith(path + "/"))
