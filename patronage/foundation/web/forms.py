"""What every form derives from: shapes are checked here, meaning by the rules."""

from collections.abc import Iterator

from flask_wtf import FlaskForm
from wtforms import Field


class PageForm(FlaskForm):
    """A form of a page; the guards check its token (signed in) or its origin (public), so no field does."""

    class Meta:
        csrf = False

    def visible_fields(self) -> Iterator[Field]:
        """Yield the fields a person fills in."""
        return (field for field in self if field.type not in {"HiddenField", "CSRFTokenField"})
