"""The demo's newsroom: invented, with a name, a logo, terms and patrons."""

from dataclasses import dataclass

from patronage.operation.demo_topics import STORY_URL

NAME = "The Harbour Post"
TAGLINE = "Independent reporting from a port city, paid for by its readers"
STORY_LINE = (
    "One reporter's day in the field costs €140. Last year 31 investigations were paid for by readers like you."
)
CONTACT = "readers@harbourpost.example"
ACCENT = "#0b4f6c"
CURRENCY = "EUR"
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" role="img" aria-label="The Harbour Post">'
    '<rect width="48" height="48" rx="8" fill="#0b4f6c"/>'
    '<path d="M24 8v26M16 15h16" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/>'
    '<circle cx="24" cy="9" r="3.5" fill="#0b4f6c" stroke="#fff" stroke-width="3"/>'
    '<path d="M9 27c1 8 7 12 15 13 8-1 14-5 15-13" fill="none" stroke="#fff" stroke-width="3.5" '
    'stroke-linecap="round"/>'
    "</svg>"
)

# name, what comes with it, and by currency from how much a month and a year (minor units)
TIERS: list[tuple[str, str, dict[str, tuple[int, int]]]] = [
    (
        "Reader", "A vote on what we cover next, and a letter when your story is out.",
        {"EUR": (500, 5000), "USD": (500, 5000), "UAH": (10000, 100000)},
    ),
    (
        "Companion", "All of that, and the monthly call with the newsroom.",
        {"EUR": (1200, 12000), "USD": (1200, 12000), "UAH": (25000, 250000)},
    ),
    (
        "Patron", "All of that, and the notebook: what did not make it into print.",
        {"EUR": (3000, 30000), "USD": (3000, 30000), "UAH": (60000, 600000)},
    ),
]  # fmt: skip
# By currency: smallest and largest gift, and the fixed part of the fee (minor units).
BOUNDS = {"EUR": (100, 1_000_000, 25), "USD": (100, 1_000_000, 30), "UAH": (5000, 20_000_000, 0)}
# By currency and interval: what is suggested (minor units), and the position of what is ticked beforehand.
AMOUNTS = {
    "EUR": {"once": ((1000, 2500, 5000, 10000), 1), "month": ((300, 500, 1200, 3000), 1),
            "year": ((5000, 8000, 12000, 30000), 0)},
    "USD": {"once": ((1000, 2500, 5000, 10000), 1), "month": ((300, 500, 1200, 3000), 1),
            "year": ((5000, 8000, 12000, 30000), 0)},
    "UAH": {"once": ((20000, 50000, 100000, 200000), 1), "month": ((5000, 10000, 25000, 60000), 1),
            "year": ((100000, 150000, 250000, 600000), 0)},
}  # fmt: skip

EDITOR = ("editor@harbourpost.example", "Olena Marchuk", "editor")
BOOKKEEPER = ("books@harbourpost.example", "Tadeusz Wilk", "bookkeeper")
ADMIN = ("admin@harbourpost.example", "Ines Duarte", "admin")
STAFF = (EDITOR, BOOKKEEPER, ADMIN)

CODE = "AUTUMN"  # half off for the first three months
CARD = "4242424242424242"
SPENT_CARD = "pm_card_chargeCustomerFail"  # can be attached, and is declined when charged


@dataclass(frozen=True)
class Giver:
    """Somebody who gives in the demo: from which day of the year, how often, how much (as typed).

    `stops_on` is the day on which they stop, `card_ends_on` the day from which their card is declined, `offer` the code
    they begin with.
    """

    day: int
    name: str
    email: str
    interval: str
    amount: str
    cover_fees: bool = False
    source: str = ""
    stops_on: int | None = None
    card_ends_on: int | None = None
    currency: str = CURRENCY
    offer: str = ""


# All days are among those on which the year stops anyhow (`STEP_DAYS`): each stop more takes time.
GIVERS = [
    Giver(5, "Hanna Kovalenko", "hanna@reader.example", "month", "5", source="story-14"),
    Giver(5, "Piotr Zieliński", "piotr@reader.example", "month", "12", cover_fees=True),
    Giver(10, "Marta Lindqvist", "marta@reader.example", "year", "120"),
    Giver(20, "Dmytro Bondar", "dmytro@reader.example", "month", "3", source="story-14"),
    Giver(35, "Aisling Byrne", "aisling@reader.example", "month", "30", cover_fees=True, source="story-22"),
    Giver(50, "João Ferreira", "joao@reader.example", "once", "25"),
    Giver(60, "Sofia Petrenko", "sofia@reader.example", "month", "5", stops_on=210),
    Giver(75, "Emil Novak", "emil@reader.example", "month", "5", source="story-22", stops_on=355),
    Giver(85, "Daniel Whitfield", "daniel@reader.example", "month", "10", cover_fees=True, currency="USD"),
    Giver(90, "Bianca Roth", "bianca@reader.example", "month", "12"),
    Giver(95, "Lucía Romero", "lucia@reader.example", "year", "50"),
    Giver(110, "Oksana Shevchuk", "oksana@reader.example", "month", "12", source="story-31"),
    Giver(140, "Rasmus Holm", "rasmus@reader.example", "month", "5", card_ends_on=205),
    Giver(155, "Larysa Hnatiuk", "larysa@reader.example", "month", "250", source="story-31", currency="UAH"),
    Giver(170, "Nadia Haddad", "nadia@reader.example", "month", "7.50"),
    Giver(200, "Tomasz Baran", "tomasz@reader.example", "once", "100", source="story-31"),
    Giver(205, "Noor Aziz", "noor@reader.example", "once", "40"),
    Giver(230, "Yuliia Tkach", "yuliia@reader.example", "month", "5", source="story-40"),
    Giver(260, "Grace Okafor", "grace@reader.example", "month", "12", cover_fees=True),
    Giver(300, "Ivan Melnyk", "ivan@reader.example", "month", "3", source=STORY_URL),
    Giver(305, "Beatriz Nunes", "beatriz@reader.example", "month", "12", offer=CODE),
    Giver(325, "Viktor Danylchuk", "viktor@reader.example", "month", "5", card_ends_on=350),
    Giver(325, "Eleanor Marsh", "eleanor@reader.example", "once", "80", currency="USD"),
    Giver(330, "Chiara Conti", "chiara@reader.example", "year", "80"),
    Giver(340, "Kurt Falk", "kurt@reader.example", "once", "50"),
]
PATRON = GIVERS[0].email

INVITED = ("ruth@pictures.example", "Takes our pictures of the harbour, and takes no money for them")
GRANT = ("Coastal Press Fund", 200_000, "Second part of the grant for the river investigation")
TRANSFER = ("Ingrid Solberg", "ingrid@reader.example", 6000, "Wrote “for a year of the Post” beside it")
# The first one is redeemed, the second waits in the mail; the length is tier (from 0) and months.
PRESENTS = [
    {
        "length": "0-12", "giver_name": "Marta", "email": "marta@reader.example", "recipient_name": "Nils",
        "recipient_email": "nils@reader.example", "message": "For all the mornings you read it over my shoulder.",
    },
    {
        "length": "1-3", "giver_name": "Aisling", "email": "aisling@reader.example", "recipient_name": "Sinéad",
        "recipient_email": "sinead@reader.example", "message": "Happy birthday! They publish on your day.",
    },
]  # fmt: skip
