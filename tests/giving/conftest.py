"""Giving is tested with the real gateway: whoever asks for `payments` gets the one that speaks to the sandbox."""

import pytest
from flask import Flask

from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Gateway
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers


@pytest.fixture
def payments(gateway: Gateway) -> Gateway:
    """The gateway to the sandbox."""
    return gateway


@pytest.fixture
def readers(app: Flask, tools: Tools, settings: Settings, stripe_tools: StripeTools) -> Readers:
    """Readers who give at the sandbox."""
    return Readers(app, tools, settings, stripe_tools)
