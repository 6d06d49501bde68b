"""Everything around the API: faults before it, deliveries from it, and the pages and controls beside it."""

import flask

from patronage.sandbox import (
    bank_pages,
    billing_controls,
    controls,
    delivery,
    faults,
    hosted_checkout,
    hosted_invoice,
    hosted_portal,
    mail_pages,
    money_controls,
    pages,
    web,
)
from patronage.sandbox.courier import Courier
from patronage.sandbox.settings import SandboxSettings
from patronage.sandbox.store import Store


def attach(app: flask.Flask, store: Store, settings: SandboxSettings) -> None:
    """Put it all onto the app; what must be ended with it is added to `app.extensions["sandbox_stops"]`."""
    delivery.create_tables(store)
    courier = Courier(store)
    web.dress(app)
    app.register_blueprint(pages.blueprint(store, courier))
    app.register_blueprint(controls.blueprint(store, settings, courier))
    app.register_blueprint(billing_controls.blueprint(store))
    app.register_blueprint(money_controls.blueprint(store))
    app.register_blueprint(mail_pages.blueprint(settings.mail_dir))
    app.register_blueprint(hosted_checkout.blueprint(store))
    app.register_blueprint(hosted_invoice.blueprint(store))
    app.register_blueprint(hosted_portal.blueprint(store))
    app.register_blueprint(bank_pages.blueprint(store))
    faulty = faults.FaultyApi(app.wsgi_app, store)
    app.wsgi_app = faulty  # type: ignore[method-assign]  # Flask's documented way to put a middleware before itself
    app.extensions.setdefault("sandbox_stops", []).extend([faulty.stop, courier.stop])
    if settings.deliver:
        courier.start()
