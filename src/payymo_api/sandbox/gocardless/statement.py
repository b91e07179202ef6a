"""Believable lines for a business account: the same seed, account and day give the same lines."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from payymo_api.core.money import decimal_text
from payymo_api.sandbox.gocardless.institutions import Holding, Line, Wire, iban

_DAYS = 90  # told at first sight, before today
_SATURDAY = 5
_SALARY_DAY = 25
_PAYERS = (
    ("Meridian Foods Ltd", iban("GB", "MERI20203512003400"), "INV-{year}-{number:04d}"),
    (
        "Nordlicht Handels GmbH",
        iban("DE", "100500000012345678"),
        "Rechnung INV-{year}-{number:04d}",
    ),
    ("Van Dijk Logistiek B.V.", iban("NL", "VDLK0300065264"), "Factuur INV-{year}-{number:04d}"),
    ("Atelier Moreau SARL", iban("FR", "30006000011234567890189"), "Facture {number:04d} merci"),
    ("J. Whitfield", iban("GB", "WHIT60161331926819"), "invoice {number}"),
)
_SHOPS = (
    ("City Cabs", 900, 4_800),
    ("Paper & Pixel Supplies", 1_500, 19_900),
    ("Cloudstack Hosting", 4_900, 4_900),
    ("Corner Coffee Roasters", 280, 1_650),
    ("Rail Tickets Direct", 2_200, 14_800),
)


def bring_forward(holding: Holding, seed: str, today: date) -> None:
    """Write the booked lines of every day up to yesterday that have not been written yet."""
    if not holding.generates:
        return
    day = holding.told_until or today - timedelta(days=_DAYS)
    while day < today:
        for wire in _day(holding, seed, day):
            key = str(wire["internalTransactionId"])
            holding.lines[key] = Line(key, booked=True, wire=wire)
        day += timedelta(days=1)
        holding.told_until = day


def pending_today(holding: Holding, seed: str, today: date) -> list[Wire]:
    """What will be booked tomorrow; without ids and booking date, as banks send it."""
    unsettled = ("transactionId", "internalTransactionId", "bookingDate", "endToEndId")
    if not holding.generates:
        return []
    return [
        {key: value for key, value in wire.items() if key not in unsettled}
        for wire in _day(holding, seed, today)
    ]


def _day(holding: Holding, seed: str, day: date) -> Iterator[Wire]:
    chance = Random(f"{seed}/{holding.iban}/{day}")  # noqa: S311  repeatable on purpose
    lines = [_purchase(holding, chance)]
    if day.weekday() < _SATURDAY:
        lines += [_receipt(holding, chance, day) for _ in range(chance.randrange(3))]
    if day.day == 1:
        lines.append(_transfer(holding, -185_000, "Quayside Estates", f"Rent {day:%m/%Y}"))
    if day.day == _SALARY_DAY:
        lines.append(_transfer(holding, -312_450, "A. Okafor", f"Salary {day:%B %Y}"))
    for place, line in enumerate(lines):
        yield _identified(line, f"{seed}/{holding.iban}/{day}/{place}", day)


def _receipt(holding: Holding, chance: Random, day: date) -> Wire:
    payer, account, text = chance.choice(_PAYERS)
    number = chance.randrange(1, 1000)
    minor = chance.randrange(50, 2_500) * 100 + chance.choice((0, 0, 50, 99))
    return _amount(holding, minor) | {
        "debtorName": payer,
        "debtorAccount": {"iban": account},
        "remittanceInformationUnstructured": text.format(year=day.year, number=number),
        "endToEndId": f"E2E{day:%y%m%d}{number:04d}",
        "bankTransactionCode": "PMNT-RCDT-ESCT",
    }


def _purchase(holding: Holding, chance: Random) -> Wire:
    shop, least, most = chance.choice(_SHOPS)
    return _amount(holding, -chance.randint(least, most)) | {
        "creditorName": shop,
        "remittanceInformationUnstructured": f"CARD 4417 {shop.upper()}",
        "bankTransactionCode": "PMNT-CCRD-POSD",
    }


def _transfer(holding: Holding, minor: int, creditor: str, text: str) -> Wire:
    return _amount(holding, minor) | {
        "creditorName": creditor,
        "creditorAccount": {"iban": iban("GB", "QUAY30909512345678")},
        "remittanceInformationUnstructuredArray": [text, "Harbour Studio Ltd"],
        "bankTransactionCode": "PMNT-ICDT-ESCT",
    }


def _amount(holding: Holding, minor: int) -> Wire:
    amount = decimal_text(minor, holding.currency)
    return {"transactionAmount": {"amount": amount, "currency": holding.currency}}


def _identified(line: Wire, origin: str, day: date) -> Wire:
    digest = hashlib.sha256(origin.encode()).hexdigest()
    return line | {
        "transactionId": f"{day:%Y%m%d}{digest[:12]}",
        "internalTransactionId": digest[:32],
        "bookingDate": day.isoformat(),
        "valueDate": day.isoformat(),
    }
