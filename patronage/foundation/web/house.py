"""Where views find the settings and tools of the app they run in."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from patronage.foundation.identity import Known
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools


@dataclass(frozen=True)
class House:
    """The settings, the tools and the newsroom's identity of one app."""

    settings: Settings
    tools: Tools
    newsroom: Known


def build(app: Flask, settings: Settings, tools: Tools) -> House:
    """Furnish `app`; `here()` answers inside it from then on."""
    house = House(settings, tools, Known(tools.database))
    app.extensions["patronage"] = house
    return house


def here() -> House:
    """Return what the current app was furnished with."""
    return cast("House", current_app.extensions["patronage"])


def tools() -> Tools:
    """Return the tools of the current app."""
    return here().tools


def settings() -> Settings:
    """Return the settings of the current app."""
    return here().settings


def link(path: str) -> str:
    """Return the full address of `path` (beginning with a slash), built from the configured base, never from Host."""
    return settings().base_url + path
