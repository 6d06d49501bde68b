"""What the demo's patrons suggest and vote on, how they vote, and what its editors make of it; all invented."""

from dataclasses import dataclass

PROMISE = "We will report the topics that win, or say publicly why not."

# A club whose members joined together and paid by bank transfer for a year: voters enough for a result worth reading.
CLUB = ("Harbour Rowing Club", 6000, "A member of the rowing club, paid with the others")
CLUB_NAMES = (
    "Ada", "Arne", "Birgit", "Bohdan", "Carla", "Cem", "Dora", "Dirk", "Elif", "Enno", "Fatima", "Finn", "Greta",
    "Halyna", "Henrik", "Ida", "Ilse", "Jannis", "Jelena", "Karim", "Kateryna", "Lena", "Lotte", "Maksym", "Mia",
    "Mykola", "Nele", "Olha", "Oskar", "Paula", "Pavlo", "Rana", "Roman", "Sanna", "Taras", "Uwe", "Vera", "Wanda",
    "Yusuf", "Zoya",
)  # fmt: skip


@dataclass(frozen=True)
class Idea:
    """What a patron suggests: by whom (address), how many others back it, and whether they may be named."""

    title: str
    summary: str
    by: str
    backers: int = 0
    credit: bool = False
    days: int = 5


# The first two are taken onto the first ballot, the third is merged into the second, the fourth is declined.
IDEAS = (
    Idea("Who owns the empty flats on the seafront?", "Two hundred flats, four companies, no lights at night.",
         "marta@reader.example", 17, credit=True, days=9),
    Idea("Schools below ground", "How classes are held in shelters, and what it does to children.",
         "dmytro@reader.example", 12, days=5),
    Idea("Lessons in the shelter", "My daughter has hers there since spring. Nobody has asked the teachers.",
         "aisling@reader.example", 4),
    Idea("Which bakery has the best rye bread?", "It would settle a family argument of some years.",
         "emil@reader.example", 2),
)  # fmt: skip
DECLINED = "We like bread, too, but this is for the weekend pages of somebody else."
LATER_IDEAS = (
    Idea("Why the tram stops at nine", "My shift ends at ten and so does everybody's at the yard.",
         "piotr@reader.example", 0, credit=True),
    Idea("What the dredging does to the eels", "The fishermen say one thing, the port authority another.",
         "yuliia@reader.example", 9, credit=True),
)  # fmt: skip

# title, summary, reporter days; the ideas above come before them on the ballot
FIRST_TOPICS = (
    ("Where the bus money went", "Three lines were cut while the subsidy grew.", 6),
    ("The river nobody tests", "Samples were taken until 2019. Then they stopped.", 7),
    ("A year in the night ward", "What nurses carry home from the only trauma unit in the region.", 8),
    ("The harbour's new tariffs", "Who pays more, who pays less, and who wrote the list.", 6),
)
MIDDLE_TOPICS = (
    ("The ferry that never sails", "Bought in 2021, moored ever since.", 4),
    ("Who cleans the beaches", "Volunteers, mostly. We would follow the contract.", 3),
    ("A map of every school roof", "Which ones leak, and since when.", 7),
    ("The night train to the capital", "It was promised for spring. Of which year?", 5),
    ("What the lighthouse keeper knows", "Forty years of weather in forty notebooks.", 3),
)
LAST_TOPICS = (
    ("Rebuilding contracts, line by line", "We would read all 140 of them and publish the table.", 10),
    ("The volunteers who fix the grid", "On shift with the people who climb the poles.", 4),
    ("What happened to the library vans?", "Six were bought, two are driving.", 3),
    ("Returning: one street, a year later", "Door to door with those who came back and those who did not.", 8),
    ("How the city counts its trees", "The register says 41,000. We would count them.", 5),
    ("The price of bread, traced", "From the field to the counter, who keeps which share.", 6),
    ("Apprentices wanted", "Why the shipyard cannot find forty welders.", 4),
)

# How often which positions are ticked. Most of the first want the flats, the schools and the buses; a third want the
# river alone, so that the fair slate gives them a place.
FIRST_VOTES = (
    (12, (1, 2, 3)), (9, (1, 2)), (5, (1, 3)), (4, (2, 3)), (11, (4,)), (5, (4, 6)), (3, (1, 5)), (2, (2, 5, 6)),
    (1, ()),
)  # fmt: skip
MIDDLE_VOTES = ((14, (1, 2)), (9, (1, 4)), (8, (3,)), (6, (3, 4)), (5, (2, 5)), (3, (4, 5)))
LAST_VOTES = ((5, (1, 4)), (4, (2, 3, 7)), (4, (1, 6)), (3, (4, 5)), (3, (1, 2, 4)))
WHYS = {
    1: ("My landlord is one of the four.", "I walk past them every evening and there is no light.",
        "Because somebody must know, and nobody says."),
    2: ("My son has not seen daylight in class since March.", "Ask the teachers. Please."),
    4: ("We swim in it.", "The children are ill every August, and nobody measures anything."),
}  # fmt: skip

STORY_URL = "https://harbourpost.example/stories/seafront-flats"
STORY_NOTE = (
    "You asked who owns the empty flats, and Olena went to ask at four doors, two registries and one very surprised "
    "notary.\n\nThank you: without your vote nobody would have paid for the seven weeks it took."
)
WHY_NOT = "The radio has been on the schools for a month, and does it well. We would only stand in the same doorways."
INSTEAD = "The voters of the river asked for nothing else, and the samples can only be taken before the winter."
WHY_NOT_NOTE = "Their series runs every Thursday; we have asked them to take your questions along."
REPORTER = "Olena Marchuk"
