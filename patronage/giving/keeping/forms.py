"""What patrons send when they change something about their pledge."""

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from patronage.foundation.web.forms import PageForm
from patronage.giving.typed import seen


class StopForm(PageForm):
    """A patron stops; why is theirs to say or not."""

    reason = TextAreaField(
        _l("Why do you stop?"), [Length(max=1000)], filters=[lambda typed: seen(typed or "")],
        render_kw={"rows": "3", "maxlength": "1000"},
    )  # fmt: skip
