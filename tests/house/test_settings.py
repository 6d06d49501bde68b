"""Every setting is told in `.env.example`, and nothing is told there that is no setting."""

import re

from patronage.foundation.settings import PREFIX, Settings
from tests.house.source import ROOT


def _told() -> set[str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {found[1] for line in lines if (found := re.match(rf"#?\s*({PREFIX}[A-Z0-9_]+)=", line))}


def test_every_setting_stands_in_the_example() -> None:
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    assert _told() == settings
