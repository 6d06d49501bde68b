"""The audit trail in the reader's language: it is written in English, once, and told in words of theirs."""

from flask_babel import lazy_gettext as _l

from patronage.people.models import AuditEntry

DEEDS = {
    "API token made": _l("API token made"),
    "API token revoked": _l("API token revoked"),
    "complimentary given": _l("complimentary membership given"),
    "complimentary revoked": _l("complimentary membership ended"),
    "currency offered": _l("currency offered"),
    "currency withdrawn": _l("currency withdrawn"),
    "hook added": _l("webhook added"),
    "hook changed": _l("webhook changed"),
    "hook removed": _l("webhook removed"),
    "hook secret renewed": _l("secret of a webhook renewed"),
    "hook switched": _l("webhook switched"),
    "manual gift entered": _l("gift entered by hand"),
    "manual gift reversed": _l("gift entered by hand reversed"),
    "offer made": _l("offer made"),
    "offer withdrawn": _l("offer withdrawn"),
    "other way changed": _l("other way to give changed"),
    "other way moved": _l("other way to give moved"),
    "other way removed": _l("other way to give removed"),
    "tier changed": _l("tier changed"),
    "tier moved": _l("tier moved"),
    "tier removed": _l("tier removed"),
    "changed the newsroom": _l("changed the newsroom"),
    "dispute accepted": _l("dispute accepted"),
    "dispute answered": _l("dispute answered"),
    "failed refund noted": _l("failed refund noted"),
    "entry corrected": _l("entry corrected"),
    "legal entity added": _l("legal entity added"),
    "legal entity changed": _l("legal entity changed"),
    "refund approved": _l("refund approved"),
    "refund asked for": _l("refund asked for"),
    "refund declined": _l("refund declined"),
    "month closed": _l("month closed"),
    "role granted": _l("role granted"),
    "role revoked": _l("role revoked"),
    "reason hidden": _l("voter's reason hidden"),
    "reason shown": _l("voter's reason shown"),
    "result corrected": _l("result corrected"),
    "round certified": _l("result certified, round key destroyed"),
    "round changed": _l("round changed"),
    "round closed": _l("round closed"),
    "round drafted": _l("round drafted"),
    "round opened": _l("round opened"),
    "round topics set": _l("round topics set"),
    "sign-in link made": _l("sign-in link made"),
    "statements sent": _l("statements sent"),
    "topic chosen": _l("topic chosen"),
    "topic not chosen": _l("topic not chosen"),
    "voters reminded": _l("voters reminded"),
    "voters told": _l("voters told"),
    "suggester trusted": _l("patron's suggestions trusted"),
    "suggester trusted no more": _l("patron's suggestions trusted no more"),
    "topic accepted": _l("topic accepted"),
    "topic assigned": _l("topic assigned"),
    "topic created": _l("topic created"),
    "topic declined": _l("topic declined"),
    "topic edited": _l("topic edited"),
    "topic handed back": _l("topic handed back"),
    "topic merged": _l("topic merged"),
    "topic published": _l("topic published"),
    "topic shown": _l("topic shown"),
    "warning dismissed": _l("warning dismissed"),
}
SUBJECTS = {
    "person": _l("person %(number)s"),
    "legal entity": _l("legal entity %(number)s"),
    "entry": _l("ledger entry %(number)s"),
    "round": _l("round %(number)s"),
    "topic": _l("topic %(number)s"),
}


def deed(entry: AuditEntry) -> str:
    """Return what was done, in words; a deed that has none is told as it was written."""
    return str(DEEDS.get(entry.deed, entry.deed))


def subject(entry: AuditEntry) -> str:
    """Return what it was done to ("round 3"), in words; a name stays as it is."""
    kind, _space, number = entry.subject.rpartition(" ")
    return SUBJECTS[kind] % {"number": number} if kind in SUBJECTS and number.isdigit() else entry.subject
