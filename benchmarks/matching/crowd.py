"""Debtors whose invoices stay open: what makes a tenant large. Made one by one, kept nowhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from benchmarks.matching.chance import digits, happens
from benchmarks.matching.numbers import iban
from benchmarks.matching.people import NAMES, unique_word
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Customer, Document, Payer

ABOVE_THE_CROWD = 3_000_000
"""The tenant's own invoices of the year are numbered from here, whatever the size of its crowd."""
_OF_ONE = 20
"""Invoices of one debtor."""
_OLDEST = date(2022, 1, 1)
_DAYS = 700


def crowd(rng: Random, tenant: Tenant, count: int) -> Iterator[tuple[Customer, list[Document]]]:
    """Yield debtors with so many invoices in all, none of which a line of the year pays."""
    numbering = replace(tenant.numbering, sequence=0)
    for at in range(0, count, _OF_ONE):
        debtor = _debtor(rng, tenant, at // _OF_ONE)
        documents = []
        for place in range(at, min(at + _OF_ONE, count)):
            day = _OLDEST + timedelta(rng.randrange(_DAYS))
            number, reference = numbering.take(debtor, day)
            amount = tenant.amount(tenant.currency)
            documents.append(
                Document(
                    id=f"inv_{tenant.short}_c{place:07d}",
                    kind="invoice",
                    number=number,
                    customer=debtor,
                    issued=day,
                    due=day + timedelta(30),
                    currency=tenant.currency,
                    amount=amount,
                    open=amount,
                    po=digits(rng, 7),
                    expected=date.max,
                    reference=reference,
                )
            )
        yield debtor, documents


def _debtor(rng: Random, tenant: Tenant, index: int) -> Customer:
    """Return a debtor whose name holds a word that nobody else's does."""
    names, own = NAMES[tenant.country], unique_word(index)
    is_person = happens(rng, 0.4)
    common = rng.choice(names["first"] if is_person else names["trades"])
    name = f"{common} {own}" if is_person else f"{common} {own} {rng.choice(names['legal'])}"
    return Customer(
        id=f"cus_{tenant.short}_c{index:06d}",
        number=str(20_000_000 + index),
        name=name,
        trading_name=None,
        country=tenant.country,
        is_person=is_person,
        payer=Payer(name, iban(rng, tenant.country)),
        known=happens(rng, 0.35),
        currency=tenant.currency,
    )
