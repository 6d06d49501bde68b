"""Numbers for whoever watches over the service, behind their token."""

from datetime import datetime

import pytest
from flask import Flask
from pydantic import SecretStr

from patronage.app import create_app
from patronage.foundation import jobs
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools

TOKEN = "a token of whoever watches"


@pytest.fixture
def watched(settings: Settings, tools: Tools) -> Flask:
    """The service of a newsroom that has set a token."""
    return create_app(settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}), tools)


def test_without_the_setting_there_is_no_such_page(app: Flask) -> None:
    assert app.test_client().get("/metrics").status_code == 404


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic x", "Bearer ключ"])
def test_without_the_token_nothing_is_told(watched: Flask, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = watched.test_client().get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert "patronage_" not in answer.text


def test_what_waits_is_told_to_whoever_has_the_token(watched: Flask, tools: Tools, now: datetime) -> None:
    with tools.database.transaction() as session:
        jobs.put(session, "test/work", {}, now)
    text = watched.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert "patronage_jobs_waiting 1.0" in text
    assert "patronage_letters_waiting 0.0" in text
