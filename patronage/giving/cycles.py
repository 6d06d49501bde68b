"""When a pledge is charged: periods are counted from an anchor, as Stripe counts them."""

import calendar
from datetime import datetime

from patronage.giving.models import Interval

MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}


def months_later(moment: datetime, months: int) -> datetime:
    """Return `moment` so many months later: the same day and time, or the last day of a month that is too short."""
    years, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(years, month + 1)[1]
    return moment.replace(year=years, month=month + 1, day=min(moment.day, last))


def charge_at_or_after(anchor: datetime, interval: Interval, moment: datetime) -> datetime:
    """Return the first charge that does not come before `moment`, of a pledge charged each `interval` from `anchor` on.

    Every charge is counted from the anchor: what is charged on the 31st is charged on 28 February and on 31 March.
    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    step = MONTHS[interval]
    passed = (moment.year - anchor.year) * 12 + moment.month - anchor.month
    periods = max(passed // step - 1, 0)
    while (charge := months_later(anchor, periods * step)) < moment:
        periods += 1
    return charge
