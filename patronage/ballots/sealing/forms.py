"""The form that takes a receipt code."""

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from patronage.ballots.sealing import receipts
from patronage.foundation.web.forms import PageForm

NOT_FOR_OTHERS = {"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


class ReceiptForm(PageForm):
    """The code of a ballot; it says how somebody voted, so it never stands in an address."""

    code = TextAreaField(
        _l("Receipt code"),
        [
            InputRequired(_l("Paste the code that stood on the page after your ballot.")),
            Length(max=receipts.LONGEST, message=_l("This is longer than any receipt code.")),
        ],
        render_kw=NOT_FOR_OTHERS,
    )
