"""Categories that a line's words give away by themselves; few, and only where they hardly err."""

from typing import Final

_OUT: Final = {
    "bank.fees": (
        "account fee, account charge, bank charge, bank charges, bank fee, bank fees,"
        " service charge, monthly account fee, maintenance fee, overdraft fee, kontoführung,"
        " kontoführungsgebühr, entgeltabschluss, kontoentgelt, frais bancaires,"
        " frais de tenue de compte, comisión de mantenimiento, spese tenuta conto,"
        " commissioni bancarie, bankkosten"
    ),
    "bank.interest": "debit interest, overdraft interest, sollzinsen, intérêts débiteurs",
    "payroll.wages": "salary, salaries, wages, payroll, gehalt, lohn, salaire, salaires, nómina",
    "rent.office": "office rent, büromiete, gewerbemiete, loyer bureau",
    "transfer.cash": "cash withdrawal, atm withdrawal, bargeldauszahlung, retrait dab",
}
_IN: Final = {
    "income.interest": "credit interest, interest paid, gross interest, habenzinsen",
    "transfer.cash": "cash deposit, bargeldeinzahlung, dépôt espèces",
}
# Names of counterparties, in either direction: a tax office refunds too.
_TAX_OFFICES: Final = (
    "hmrc, hm revenue, finanzamt, bundeskasse, finanzkasse, dgfip, direction générale des finances"
    " publiques, agencia tributaria, aeat, agenzia delle entrate, belastingdienst,"
    " revenue commissioners, skatteverket, internal revenue service, irs"
)
_VAT: Final = "vat, umsatzsteuer, ust, tva, iva, btw, moms"
_PAYMENT_PROVIDERS: Final = (
    "stripe, gocardless, adyen, sumup, mollie payments, paypal, squareup, klarna, worldpay, zettle,"
    " izettle, checkout com, amazon pay, shopify payments"
)


def phrases(listed: str) -> tuple[str, ...]:
    """Return what to look for in a text of words, so that only whole words count."""
    return tuple(f" {phrase.strip().casefold()} " for phrase in listed.split(","))


_BY_DIRECTION: Final = {
    direction: tuple((phrase, code) for code, listed in table.items() for phrase in phrases(listed))
    for direction, table in (("in", _IN), ("out", _OUT))
}
_TAX_PHRASES, _VAT_PHRASES = phrases(_TAX_OFFICES), phrases(_VAT)
_PROVIDER_PHRASES = phrases(_PAYMENT_PROVIDERS)


_FIRST_WORDS: Final = frozenset(
    phrase.split()[0]
    for phrases in (
        _TAX_PHRASES,
        _PROVIDER_PHRASES,
        *([phrase for phrase, _ in table] for table in _BY_DIRECTION.values()),
    )
    for phrase in phrases
)
"""Most lines have none of them: one look, and no hint has to be tried."""


def hinted(text: str, name: str, direction: str) -> str | None:
    """Return the category that words or names give away; `text` and `name` as rules see them."""
    everything = f"{text} {name} "
    if _FIRST_WORDS.isdisjoint(everything.split()):
        return None
    if _any(_TAX_PHRASES, everything):
        return "taxes.vat" if _any(_VAT_PHRASES, everything) else "taxes"
    if direction == "in" and _any(_PROVIDER_PHRASES, f" {name or text} "):
        return "income.payouts"
    found = (code for phrase, code in _BY_DIRECTION[direction] if phrase in everything)
    return next(found, None)


def _any(phrases: tuple[str, ...], text: str) -> bool:
    return any(phrase in text for phrase in phrases)
