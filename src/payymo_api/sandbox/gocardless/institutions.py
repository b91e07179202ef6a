"""The sandbox's banks and what the business customer Harbour Studio Ltd holds there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from payymo_api.sandbox.gocardless.quirks import QUIRKS

Wire = dict[str, Any]


@dataclass(slots=True)
class Line:
    """A line of a statement; `wire` is any transaction object, also a broken one."""

    key: str
    booked: bool
    wire: Wire


@dataclass(slots=True)
class Holding:
    """An account at its bank: it outlives consents, under each of which it gets a new id.

    `told_until`: the generator has written its lines up to this day; `generates` turns it off.
    With a `quirk` it tells that one's lines, of the `stage` that the tester has come to.
    """

    institution_id: str
    iban: str
    bban: str
    currency: str
    name: str
    opening_minor: int
    owner: str = "Harbour Studio Ltd"
    generates: bool = True
    told_until: date | None = None
    lines: dict[str, Line] = field(default_factory=dict)
    quirk: str | None = None
    stage: int = 0


_LOGO = "https://cdn-logos.gocardless.com/ais/"


def _institution(
    id: str, name: str, countries: str, days: tuple[int, int], extra: str = ""
) -> Wire:
    """`days` of history and of access, which the wire writes as text."""
    history, access = days
    return {
        "id": id,
        "name": name,
        "bic": id.partition("_")[2],
        "transaction_total_days": str(history),
        "max_access_valid_for_days": str(access),
        "max_access_valid_for_days_reconfirmation": "730",
        "countries": countries.split(),
        "logo": f"{_LOGO}{id}.png",
        "supported_features": ["business_accounts", "private_accounts", *extra.split()],
        "identification_codes": [],
    }


INSTITUTIONS: Mapping[str, Wire] = {
    wire["id"]: wire
    for wire in (
        _institution(
            "ALBION_ALBNGB2L", "Albion Bank", "GB", (730, 180), "account_selection reconfirmation"
        ),
        _institution(
            "RHEINBANK_RHNBDEFF", "Rheinbank", "DE AT", (558, 180), "pending_transactions"
        ),
        _institution("POLDERBANK_PLDRNL2A", "Polderbank", "NL BE", (540, 180), "account_selection"),
        _institution("KURZBANK_KRZBATWW", "Kurzbank", "AT DE", (90, 90)),
        _institution("SANDBOXFINANCE_SFIN0000", "Sandbox Finance", "XX", (90, 180)),
        *(
            _institution(quirk["institution"], f"Bank of {name}", "XX", (90, 180))
            for name, quirk in QUIRKS.items()
        ),
    )
}
_DETAIL_ONLY = {"supported_features", "identification_codes"}


def listed(institution: Wire) -> Wire:
    """The wire's list leaves out what only the detail call tells."""
    return {key: value for key, value in institution.items() if key not in _DETAIL_ONLY}


def holdings() -> dict[str, Holding]:
    """Fresh accounts, by IBAN."""
    accounts = (
        ("ALBION_ALBNGB2L", "GB", "ALBN10010112345678", "GBP", "Business Current", 1_250_000),
        ("ALBION_ALBNGB2L", "GB", "ALBN10010187654321", "EUR", "Euro Account", 320_000),
        ("RHEINBANK_RHNBDEFF", "DE", "500900600532013000", "EUR", "Geschäftskonto", 2_480_050),
        ("POLDERBANK_PLDRNL2A", "NL", "PLDR0417164300", "EUR", "Zakelijke Rekening", 815_000),
        ("KURZBANK_KRZBATWW", "AT", "1904300234573201", "EUR", "Firmenkonto", 96_000),
        ("SANDBOXFINANCE_SFIN0000", "GL", "32310000012345", "EUR", "Main Account", 190_015),
    )
    made = [
        Holding(institution, iban(country, bban), bban, currency, name, opening)
        for institution, country, bban, currency, name, opening in accounts
    ]
    made += [_odd(name, place) for place, name in enumerate(QUIRKS)]
    return {holding.iban: holding for holding in made}


def _odd(name: str, place: int) -> Holding:
    quirk, bban = QUIRKS[name], f"ODDB{place:014d}"
    number = quirk.get("number") or iban("GB", bban)
    currency = quirk["currency"]
    return Holding(
        quirk["institution"], number, bban, currency, name, 0, generates=False, quirk=name
    )


def iban(country: str, bban: str) -> str:
    """Put the check digits of ISO 13616 before a BBAN."""
    digits = "".join(str(int(character, 36)) for character in f"{bban}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{bban}"
