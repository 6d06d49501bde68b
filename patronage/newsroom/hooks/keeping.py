"""The hooks an administrator keeps: added, changed, their secrets renewed, switched off and on, removed."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from patronage.ballots.announcing import Event
from patronage.foundation import outbox, outside
from patronage.foundation.refused import Refused, Why, translatable
from patronage.newsroom.hooks import signing
from patronage.newsroom.hooks.models import Attempt, Delivery, Hook, HookKind
from patronage.newsroom.hooks.sealed import seal, unseal
from patronage.people import audit
from patronage.people.models import Person, Role, StaffRole

OVERLAP = timedelta(hours=24)
MOST_HOOKS = 20
GONE = "it answered that it is gone (410)"
FAILED = "nothing could be delivered for three days"
BY_HAND = "by hand"


class NoSuchHook(Refused):
    """There is no such hook, or no such message of it."""

    why = Why.NOT_FOUND
    reason = translatable("There is no such address any more.")


class NotAnAddressToTell(Refused):
    """The address is not one that messages are sent to."""

    reason = translatable("Write a full address that begins with https://, such as https://bus.example.org/patronage.")


class TooManyHooks(Refused):
    """There are as many hooks as there may be."""

    reason = translatable("There are twenty addresses already. Remove one that nobody needs.")


@dataclass(frozen=True)
class Wanted:
    """What an administrator says of a hook; `url` is empty where it is to stay as it is."""

    name: str
    events: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True)
class Editor:
    """Who changes it, when, and the service's secret under which addresses are sealed."""

    id: int | None
    now: datetime
    secret: str


def add(session: Session, kind: HookKind, wanted: Wanted, editor: Editor) -> tuple[Hook, str | None]:
    """Add a hook; return it with its signing secret, which is never shown again (None: chats are not signed).

    Raises `NotAnAddressToTell`, `TooManyHooks`.
    """
    if len(every(session)) >= MOST_HOOKS:
        raise TooManyHooks
    key = signing.new_secret() if kind is HookKind.STANDARD else None
    hook = Hook(
        name=wanted.name, kind=kind, events=_known(wanted.events), created_at=editor.now, created_by=editor.id,
        sealed_secret=seal(key, editor.secret) if key else None, **_address(wanted.url, editor.secret),
    )  # fmt: skip
    session.add(hook)
    session.flush()
    audit.record(session, editor.id, "hook added", hook.name, hook.shown, editor.now)
    return hook, key


def change(session: Session, hook_id: int, wanted: Wanted, editor: Editor) -> None:
    """Change a hook's name, events, and address if one is given. Raises `NoSuchHook`, `NotAnAddressToTell`."""
    hook = find(session, hook_id, lock=True)
    hook.name, hook.events = wanted.name, _known(wanted.events)
    if wanted.url:
        for field, value in _address(wanted.url, editor.secret).items():
            setattr(hook, field, value)
    audit.record(session, editor.id, "hook changed", hook.name, f"{hook.shown}: {', '.join(hook.events)}", editor.now)


def renew_secret(session: Session, hook_id: int, editor: Editor) -> str:
    """Give the hook a new signing secret and return it; the one before signs beside it for 24 hours."""
    hook = find(session, hook_id, lock=True)
    if hook.kind is not HookKind.STANDARD:
        raise NoSuchHook
    key = signing.new_secret()
    hook.sealed_before, hook.before_until = hook.sealed_secret, editor.now + OVERLAP
    hook.sealed_secret = seal(key, editor.secret)
    audit.record(session, editor.id, "hook secret renewed", hook.name, hook.shown, editor.now)
    return key


def switch(session: Session, hook_id: int, *, on: bool, editor: Editor) -> None:
    """Switch a hook off, or on again. Raises `NoSuchHook`."""
    hook = find(session, hook_id, lock=True)
    hook.disabled_at, hook.disabled_why = (None, None) if on else (editor.now, BY_HAND)
    hook.failing_since = None
    deed = "on" if on else "off"
    audit.record(session, editor.id, "hook switched", hook.name, deed, editor.now)


def remove(session: Session, hook_id: int, editor: Editor) -> None:
    """Remove a hook, its secrets and all that was told to it. Raises `NoSuchHook`."""
    hook = find(session, hook_id, lock=True)
    told = select(Delivery.id).where(Delivery.hook_id == hook.id)
    session.execute(delete(Attempt).where(Attempt.delivery_id.in_(told)))
    session.execute(delete(Delivery).where(Delivery.hook_id == hook.id))
    audit.record(session, editor.id, "hook removed", hook.name, hook.shown, editor.now)
    session.delete(hook)


def send_again(session: Session, hook_id: int, delivery_id: int, now: datetime) -> None:
    """Let a message that was sent, or given up, leave once more under its own id. Raises `NoSuchHook`."""
    query = select(Delivery).where(Delivery.id == delivery_id, Delivery.hook_id == hook_id).with_for_update()
    delivery = session.scalars(query).one_or_none()
    if delivery is None:
        raise NoSuchHook
    delivery.due_at, delivery.attempts = now, 0
    delivery.done_at = delivery.dead_at = delivery.last_error = delivery.leased_until = None


def disable(session: Session, hook: Hook, why: str, now: datetime) -> None:
    """Switch off a hook that nobody is at the end of, and write to the administrators."""
    if hook.disabled_at:
        return
    hook.disabled_at, hook.disabled_why = now, why
    facts = {"name": hook.name, "shown": hook.shown, "hook_id": hook.id, "is_gone": why == GONE}
    admins = select(Person).join(StaffRole, StaffRole.person_id == Person.id).where(StaffRole.role == Role.ADMIN)
    for person in session.scalars(admins):
        once = f"hook off:{hook.id}:{now.isoformat()}:{person.id}"
        outbox.write(
            session, "newsroom/hook_off", person.email, facts, now,
            recipient_id=person.id, language=person.language, once=once,
        )  # fmt: skip


def every(session: Session) -> list[Hook]:
    """Return all hooks, the oldest first."""
    return list(session.scalars(select(Hook).order_by(Hook.id)))


def find(session: Session, hook_id: int, *, lock: bool = False) -> Hook:
    """Return a hook. Raises `NoSuchHook`."""
    hook = session.get(Hook, hook_id, with_for_update=lock or None)
    if hook is None:
        raise NoSuchHook
    return hook


def open_url(hook: Hook, secret: str) -> str:
    """Return where `hook` is told. Raises `DoesNotOpen`."""
    return unseal(hook.sealed_url, secret)


def open_keys(hook: Hook, secret: str, now: datetime) -> list[str]:
    """Return the secrets that sign for `hook` at `now`, the newest first. Raises `DoesNotOpen`."""
    sealed = [hook.sealed_secret]
    if hook.before_until and now < hook.before_until:
        sealed.append(hook.sealed_before)
    return [unseal(each, secret) for each in sealed if each]


def new_cause() -> str:
    """Return the cause of a test message: each is told."""
    return f"test:{secrets.token_hex(8)}"


def _known(events: tuple[str, ...]) -> list[str]:
    return [event.value for event in Event if event in events]


def _address(url: str, secret: str) -> dict[str, object]:
    try:
        outside.check(url)
    except outside.NotAllowedThere:
        raise NotAnAddressToTell from None
    parts = urlsplit(url)
    # Whatever stands behind the host may be a secret: the path of a chat's address is one.
    return {"shown": f"{parts.scheme}://{parts.netloc}/…", "sealed_url": seal(url, secret)}
