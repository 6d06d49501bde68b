"""What is sent when somebody pays what is due."""

from wtforms import HiddenField
from wtforms.validators import Length

from patronage.foundation.web.forms import PageForm


class MendForm(PageForm):
    """A button on the page of a late payment: whose it is, which showing of the button, and with which card."""

    pledge = HiddenField(validators=[Length(max=200)])
    press = HiddenField(validators=[Length(max=64)])
    card = HiddenField(validators=[Length(max=8)])  # "new" for the one just given at Stripe
