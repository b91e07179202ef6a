"""What banks write above the columns of their CSV files, surest words first, without accents."""

import re
import unicodedata

# Each alternative is one rank: a header that an earlier one finds is the better choice.
_HEADERS = {
    "booked_on": (
        r"booking date|booked|buchungs(tag|datum)|boekdatum|bokf",
        r"posting date|posted|completed|date (operation|comptable)|operacion|contabile",
        r"^(transaction )?(date|datum|fecha|data|dato)$",
        r"date|datum|fecha|data|dato",
    ),
    "value_on": (r"value date|valuta|wertstellung|date (de )?valeur|fecha valor|rentedatum",),
    "balance": (r"balance|saldo|solde|kontostand|running",),
    "amount": (
        r"^(amount|betrag|montant|importe|importo|bedrag|kwota|belopp|belob|umsatz|value)$",
        r"^(transaction )?(amount|betrag|montant|importe|importo|bedrag)\b(?!.*(curr|wahr|fee))",
        r"amount|betrag|montant|importe|importo|bedrag|kwota|belopp|belob|umsatz",
    ),
    "debit": (r"debit|paid out|money out|withdraw|soll|belastung|cargo|debet|^uit|^af$|uscite",),
    "credit": (r"credit|paid in|money in|deposit|haben|gutschrift|abono|^in$|^bij$|entrate",),
    "currency": (r"currency|wahrung|devise|divisa|valuta|munt|waluta|ccy",),
    "counterparty_account": (
        r"(counter|partner|beneficiary|payee|gegen|tegen|other).*(account|iban|konto|rekening)",
        r"iban|account|konto|rekening|compte|cuenta",
    ),
    "counterparty_name": (
        r"(partner|counterparty|beneficiary|payee|payer).*name|^(payee|partner|counterparty)$",
        r"beguns|zahlungs(pflicht|empf)|auftraggeber|merchant|tegenpartij|beneficia|ordinante",
        r"^name|naam|^nom|payee|payer|tiers",
    ),
    "end_to_end_id": (r"end.?to.?end|e2e",),
    "reference": (r"reference|referen[zc]|betalingskenmerk|^ref",),
    "bank_id": (r"fitid|transa[ck]tion ?s?-?(id|number|nummer)$|^id$",),
    "description": (
        r"description|details|narrative|verwendungszweck|omschrijving|descrizione|concepto",
        r"label|libelle|memo|text|purpose|remittance|communication|mededeling|opis|note",
    ),
    "account": (r"auftragskonto|own account|^(account|account number|iban|rekening|compte)$",),
}
_WAYS = (
    ("c", "d"),
    ("cr", "dr"),
    ("credit", "debit"),
    ("crdt", "dbit"),
    ("h", "s"),
    ("haben", "soll"),
    ("bij", "af"),
    ("in", "out"),
    ("+", "-"),
    ("gutschrift", "lastschrift"),
    ("abono", "cargo"),
    ("credito", "debito"),
)
IN_WORDS, OUT_WORDS = (frozenset(each) for each in zip(*_WAYS, strict=True))


def folded(text: str) -> str:
    """Return the text without accents, case and double spaces."""
    plain = unicodedata.normalize("NFKD", text.replace("ł", "l"))
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(letters.casefold().split())


def rank(field: str, header: str) -> int | None:
    """Return how well a header names the field, 0 for best; None if it does not."""
    found = (
        at for at, words in enumerate(_HEADERS[field]) if re.search(words, folded(header[:200]))
    )
    return next(found, None)


def other_way(word: str) -> str | None:
    """Return the word that means the other direction."""
    pairs = dict(_WAYS) | {out: came_in for came_in, out in _WAYS}
    return pairs.get(folded(word))
