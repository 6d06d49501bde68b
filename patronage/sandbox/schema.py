"""What Stripe's own package says a request may hold and an answer must hold, at the pinned version."""

from stripe._api_version import _ApiVersion

API_VERSION = _ApiVersion.CURRENT
