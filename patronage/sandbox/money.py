"""Currencies as Stripe counts them, the smallest charges it takes, and its fee."""

from patronage.sandbox.errors import invalid

ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
TWO = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve
czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd kzt
lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln
qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd xcg
yer zar zmw
"""
THREE = "bhd jod kwd omr tnd"
EXPONENTS = {
    currency: exponent for exponent, currencies in ((0, ZERO), (2, TWO), (3, THREE)) for currency in currencies.split()
}
LARGEST = 99_999_999
SMALLEST = {
    "eur": 50,
    "usd": 50,
    "gbp": 30,
    "chf": 50,
    "jpy": 50,
    "pln": 200,
    "czk": 1500,
    "sek": 300,
    "nok": 300,
    "dkk": 250,
    "huf": 17500,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "hkd": 400,
    "inr": 50,
    "mxn": 1000,
    "myr": 200,
    "nzd": 50,
    "ron": 200,
    "sgd": 50,
    "thb": 1000,
}
FIXED_FEE = {0: 30, 2: 30, 3: 300}  # about thirty US cents, in each kind of minor unit


def exponent(currency: str) -> int:
    """How many decimals the currency's minor unit stands for at Stripe."""
    return EXPONENTS[currency]


def known_currency(currency: str, param: str) -> str:
    """The currency in lower case; raises StripeError when Stripe does not take it."""
    lower = currency.lower()
    if lower not in EXPONENTS:
        supported = ", ".join(sorted(EXPONENTS))
        raise invalid(f"Invalid currency: {lower}. Stripe currently supports these currencies: {supported}", param)
    return lower


def charge_fee(amount: int, currency: str) -> int:
    """Stripe's fee in minor units: 2.9 % rounded half up, and a fixed part."""
    return (amount * 29 + 500) // 1000 + FIXED_FEE[EXPONENTS[currency]]


def check_amount(amount: int, currency: str, param: str) -> None:
    """Refuse what is too small or too large to be charged."""
    if amount > LARGEST:
        raise invalid(f"Amount must be no more than {LARGEST} {currency} in minor units.", param, "amount_too_large")
    if amount < SMALLEST.get(currency, 1):
        raise invalid(
            f"Amount must convert to at least {SMALLEST.get(currency, 1)} {currency} in minor units.",
            param,
            "amount_too_small",
        )
    if EXPONENTS[currency] == 3 and amount % 10:
        raise invalid("Amounts in three-decimal currencies end in 0.", param, "invalid_amount")
