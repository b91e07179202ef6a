"""Lines that belong to no document: the rest of a business's bank account."""

from collections.abc import Callable
from datetime import date

from benchmarks.matching import wording
from benchmarks.matching.chance import digits, happens, hex_id, one_of
from benchmarks.matching.numbers import iban
from benchmarks.matching.people import LANGUAGES, company, payer, plain
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Draft, Evidence, Payer

_SHOPS = (
    "SPAR 3341", "SHELL TANKSTELLE", "IKEA KØBENHAVN", "CONTINENTE LISBOA", "AMZN MKTP",
    "ŽABKA Z0781", "GITHUB INC", "ADOBE SYSTEMS", "HETZNER ONLINE", "SBB CFF FFS", "CIRCLE K 0912",
    "ALBERT BRNO", "BAUHAUS", "CP COMBOIOS", "RYANAIR DAC", "TESCO STORES 2210", "WOLT",
)  # fmt: skip
_PSPS = ("SUMUP PAYMENTS", "KLARNA BANK AB", "NEXI DENMARK", "GOCARDLESS LTD", "SATISPAY")
_OFFICES = {
    "DE": "Finanzamt Kassel", "AT": "Finanzamt Österreich", "CH": "ESTV Bern", "NL": "Ontvanger",
    "BE": "FOD Financiën", "GB": "HM Revenue", "IE": "Collector General", "FR": "SIE Rennes",
    "ES": "AEAT", "PT": "AT Autoridade Tributária", "DK": "Skattestyrelsen", "NO": "Skatteetaten",
    "SE": "Skattekontoret", "PL": "Urząd Skarbowy", "CZ": "Finanční úřad", "IT": "Agenzia Entrate",
}  # fmt: skip
_INSURERS = ("Nordia Forsikring", "Concordia Assekuranz", "Seguros Atlântico", "Mutuelle du Midi")
_LENDERS = ("Vekstlån Bank", "Kreditanstalt Süd", "Banco Fomento", "Bpi Crédit")


def _amount(tenant: Tenant, centre: float = 9.5) -> int:
    scale = {"CZK": 25, "SEK": 11, "NOK": 11, "DKK": 7, "PLN": 4}.get(tenant.currency, 1)
    return (int(tenant.rng.lognormvariate(centre, 1)) + 100) * scale


def _round(tenant: Tenant) -> int:
    return max(1, _amount(tenant) // 10000) * 10000


def _draft(tenant: Tenant, case: str, amount: int, purpose: str, who: Payer | None) -> Draft:
    return Draft(case, amount, tenant.currency, purpose, who, Evidence(), [])


def _said(tenant: Tenant, case: str, day: date, kind: str | None = None) -> str:
    return wording.say(tenant.rng, LANGUAGES[tenant.country], kind or case, day)


def _stranger(tenant: Tenant, *, is_person: bool = False) -> Payer:
    """Return somebody who shares no name with a customer."""
    while True:
        who = payer(tenant.rng, tenant.country, is_person=is_person)
        taken = {each.name for each in tenant.customers}
        if who.name not in taken and not _is_close(tenant, who.name):
            return who


def _is_close(tenant: Tenant, name: str) -> bool:
    words = set(plain(name).casefold().split()[:2])
    return any(words <= set(plain(each.name).casefold().split()) for each in tenant.customers)


def _card(tenant: Tenant, day: date) -> Draft:
    shop = tenant.rng.choice(_SHOPS)
    purpose = f"{shop} {one_of(tenant.rng, day.strftime('%d%m'), digits(tenant.rng, 4))}"
    return _draft(tenant, "card_purchase", -_amount(tenant, 8.2), purpose, Payer(shop, ""))


def _plain(case: str, sign: int, *, is_person: bool = False) -> Callable[[Tenant, date], Draft]:
    def build(tenant: Tenant, day: date) -> Draft:
        who = _stranger(tenant, is_person=is_person)
        return _draft(tenant, case, sign * _amount(tenant), _said(tenant, case, day), who)

    return build


def _office(case: str, kind: str, sign: int) -> Callable[[Tenant, date], Draft]:
    def build(tenant: Tenant, day: date) -> Draft:
        who = Payer(_OFFICES[tenant.country], iban(tenant.rng, tenant.country))
        return _draft(tenant, case, sign * _amount(tenant), _said(tenant, case, day, kind), who)

    return build


def _from(case: str, names: tuple[str, ...], sign: int) -> Callable[[Tenant, date], Draft]:
    def build(tenant: Tenant, day: date) -> Draft:
        who = Payer(tenant.rng.choice(names), iban(tenant.rng, tenant.country))
        return _draft(tenant, case, sign * _round(tenant), _said(tenant, case, day), who)

    return build


def _silent(case: str, sign: int) -> Callable[[Tenant, date], Draft]:
    def build(tenant: Tenant, day: date) -> Draft:
        amount = sign * (tenant.rng.randrange(100, 4000))
        return _draft(tenant, case, amount, _said(tenant, case, day), None)

    return build


def _psp(tenant: Tenant, day: date) -> Draft:
    who = Payer(tenant.rng.choice(_PSPS), iban(tenant.rng, tenant.country))
    word = one_of(tenant.rng, "SETTLEMENT", "DISBURSEMENT", "PAYOUT")
    purpose = f"{word} {day:%d%m%y} {hex_id(tenant.rng, 36)}"
    return _draft(tenant, "psp_payout", _amount(tenant, 10.5), purpose.upper(), who)


def _own(tenant: Tenant, day: date) -> Draft:
    sign = one_of(tenant.rng, 1, -1)
    who = Payer(tenant.name, tenant.accounts[1])
    said = _said(tenant, "transfer", day)
    return _draft(tenant, "own_transfer", sign * _round(tenant), said, who)


def _same_amount(tenant: Tenant, day: date) -> Draft | None:
    """Chance: somebody else's money is as much as an open invoice."""
    owed = [d for d in tenant.book.open.values() if d.signed > 0 and d.currency == tenant.currency]
    if not owed:
        return None
    amount = tenant.rng.choice(owed).open
    silent = happens(tenant.rng, 0.2)
    who = _stranger(tenant, is_person=silent)
    said = _said(tenant, "plain" if silent else "other", day)
    return _draft(tenant, "noise_same_amount", amount, said, who)


def _same_token(tenant: Tenant, day: date) -> Draft | None:
    """Chance: somebody else's number looks like that of an open invoice."""
    owed = [d for d in tenant.book.open.values() if d.issued <= day]
    if not owed:
        return None
    token = "".join(each for each in tenant.rng.choice(owed).number if each.isdigit())
    said = wording.say(tenant.rng, LANGUAGES[tenant.country], "supplier_refund", day, o=token)
    return _draft(tenant, "noise_same_token", _amount(tenant), said, _stranger(tenant))


def _stripe(tenant: Tenant, day: date) -> Draft:
    """A payout of a Stripe account that is not connected."""
    who = Payer("STRIPE", iban(tenant.rng, "IE"))
    purpose = f"STRIPE {day:%m%d}{hex_id(tenant.rng, 24).upper()}"
    draft = _draft(tenant, "stripe_foreign", _amount(tenant), purpose, who)
    draft.evidence.payer = "stripe"
    return draft


def _rent(tenant: Tenant, day: date) -> Draft:
    who = Payer(company(tenant.rng, tenant.country), iban(tenant.rng, tenant.country))
    return _draft(tenant, "rent_out", -_round(tenant), _said(tenant, "rent", day), who)


NOISE: dict[str, Callable[[Tenant, date], Draft | None]] = {
    "card_purchase": _card,
    "supplier": _plain("supplier", -1),
    "salary": _plain("salary", -1, is_person=True),
    "psp_payout": _psp,
    "bank_fee": _silent("bank_fee", -1),
    "tax_debit": _office("tax_debit", "tax", -1),
    "own_transfer": _own,
    "noise_same_amount": _same_amount,
    "supplier_refund": _plain("supplier_refund", 1),
    "tax_refund": _office("tax_refund", "tax_refund", 1),
    "rent_out": _rent,
    "interest": _silent("interest", 1),
    "private": _plain("private", 1, is_person=True),
    "noise_same_token": _same_token,
    "insurance": _from("insurance", _INSURERS, 1),
    "loan": _from("loan", _LENDERS, 1),
    "stripe_foreign": _stripe,
}
