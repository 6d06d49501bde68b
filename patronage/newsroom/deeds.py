"""The audit trail in the reader's language: it is written in English, once, and told in words of theirs."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from patronage.people.models import AuditEntry

DEEDS = {
    "changed the newsroom": _l("changed the newsroom"),
    "legal entity added": _l("legal entity added"),
    "legal entity changed": _l("legal entity changed"),
    "role granted": _l("role granted"),
    "role revoked": _l("role revoked"),
    "round changed": _l("round changed"),
    "round closed": _l("round closed"),
    "round drafted": _l("round drafted"),
    "round opened": _l("round opened"),
    "round topics set": _l("round topics set"),
    "sign-in link made": _l("sign-in link made"),
    "statements sent": _l("statements sent"),
    "topic accepted": _l("topic accepted"),
    "topic created": _l("topic created"),
    "topic declined": _l("topic declined"),
    "topic edited": _l("topic edited"),
    "topic published": _l("topic published"),
}


def deed(entry: AuditEntry) -> str:
    """Return what was done, in words; a deed that has none is told as it was written."""
    return str(DEEDS.get(entry.deed, entry.deed))


def subject(entry: AuditEntry) -> str:
    """Return what it was done to ("round 3"), in words; a name stays as it is."""
    kind, _space, number = entry.subject.rpartition(" ")
    if kind == "person" and number.isdigit():
        return str(_("person %(number)s", number=number))
    if kind == "legal entity" and number.isdigit():
        return str(_("legal entity %(number)s", number=number))
    if kind == "round" and number.isdigit():
        return str(_("round %(number)s", number=number))
    if kind == "topic" and number.isdigit():
        return str(_("topic %(number)s", number=number))
    return entry.subject
