"""The sandbox's Flask app: the one place where its parts meet."""

import flask

from patronage.sandbox import (
    balance,
    catalog,
    charges,
    checkout,
    checkout_opening,
    checkout_sessions,
    clock,
    coupons,
    customers,
    dispute_calls,
    fraud_warnings,
    invoice_calls,
    invoice_drafts,
    invoice_items,
    invoice_payments,
    outside,
    payment_intents,
    payment_methods,
    payouts,
    portal_configurations,
    portal_sessions,
    refunds,
    requests,
    setup_intents,
    subscription_ends,
    subscription_items,
    subscriptions,
    test_clocks,
    webhook_endpoints,
)
from patronage.sandbox.settings import SandboxSettings
from patronage.sandbox.store import Store, Tx

# Each registers its calls, and what it does when something falls due, by being imported.
RESOURCES = (
    balance,
    catalog,
    charges,
    checkout,
    checkout_opening,
    checkout_sessions,
    coupons,
    customers,
    dispute_calls,
    fraud_warnings,
    invoice_calls,
    invoice_drafts,
    invoice_items,
    invoice_payments,
    payment_intents,
    payment_methods,
    payouts,
    portal_configurations,
    portal_sessions,
    refunds,
    setup_intents,
    subscription_ends,
    subscription_items,
    subscriptions,
    test_clocks,
    webhook_endpoints,
)


def create_sandbox(settings: SandboxSettings) -> flask.Flask:
    """The sandbox as a WSGI app; `app.extensions["sandbox_store"]` is its store."""
    app = flask.Flask(__name__)
    store = Store(settings.path)
    store.clock_file = settings.clock_file
    app.extensions["sandbox_store"] = store
    app.extensions["sandbox_settings"] = settings
    with store.write() as tx:
        begin(tx, settings)
    app.register_blueprint(requests.blueprint(store))
    outside.attach(app, store, settings)
    clock.publish(store)
    return app


def begin(tx: Tx, settings: SandboxSettings) -> None:
    """Write down where the sandbox is found and, where nothing is known of it yet, when its time begins."""
    tx.remember("base_url", settings.base_url)
    if tx.fact("clock_offset") is None:
        tx.remember("clock_offset", str(-settings.starts_ago))
        tx.remember("payout_schedule", settings.payouts)
