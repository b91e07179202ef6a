"""What the files and columns of billing systems are called, surest words first, without accents.

English, German, French, Dutch, Spanish, Italian, Swedish, Danish, Norwegian, Finnish, Polish.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from payymo_api.banking.statements.csv_words import folded

Fields = Mapping[str, Sequence[str]]
"""Field -> patterns of its header; each is one rank. Earlier fields choose first."""

FILES: Final[Mapping[str, str]] = {
    "statement": r"statements?|transactions?|kontoausz|umsatze|releve|rekeningafschr|extracto"
    r"|estratto|kontoutdrag",
    "confirmed": r"confirmed|matched|matches|settled|zugeordnet|rapproche",
    "credit_notes": r"credit ?notes?|gutschrift|avoirs?|credit ?nota|abonos?|note (di )?credito"
    r"|kreditnot|kreditfakt|hyvityslasku",
    "invoices": r"invoices?|documents|rechnung|factures?|facturen|facturas?|fatture?|faktur|lasku",
    "customers": r"customers?|clients?|kunden?|debitor|klanten|clientes|clienti|kunder|klienci"
    r"|asiakkaat",
}

_NUMBER = r"(no|nr|number|num|nummer|numero|numer|nro|n)"
_ID = r"((external )?id|code|kod|ref)"
_DAY = r"(date|datum|data|fecha|dato|pvm|paiva|on|am|le|op|den)"
_DOCUMENT = (
    r"(invoice|document|doc|bill|credit note|rechnung(s)?|beleg|gutschrift|facture|avoir|factuur"
    r"|factura|fattura|faktura|fakture|lasku)"
)
_PAID = r"(paid|payment|settled|bezahlt|zahlungs?|paye|paiement|reglement|betaald?)"
_WHO = r"(customer|client|kund(e|en)?|klant|cliente|klient|asiakas|debitor|debtor|buyer)"
_NOT_ALL = r"^(?!.*\b(net|netto\w*|excl|ht|tax|vat|mwst|ust|tva|btw|iva|moms|open|paid|bezahlt)\b)"
_AMOUNT = r"(amount|total|betrag|montant|bedrag|importe|importo|summa|summe|belopp|belob|kwota)"

INVOICE: Final[Fields] = {
    "paid_with": (
        r"paid with|settled (by|with)|matched|bank (line|ref|reference|transaction|entry)",
        r"bankreferenz|bezahlt (mit|durch)|regle par|betaald met|pagado con|pagata con|betald med",
    ),
    "paid_on": (
        rf"{_PAID} ?{_DAY}$",
        r"date (paid|de (paiement|reglement))|zahldatum|fecha (de )?pago|data (di )?pagamento",
        r"betal(d|t)(atum| den)|data zaplaty|maksupaiva",
    ),
    "due_on": (
        r"\bdue|fallig|zahlungsziel|echeance|verval|vencimiento|scadenza|forfall|forfald|forfalls",
        r"erapaiva|termin platnosci",
    ),
    "collection_on": (r"collection (date|on|day)|einzug|date de prelevement|incassodatum",),
    "issued_on": (
        r"issue|issued|ausstellung|emission|emision|wystawienia|utfardande",
        rf"{_DOCUMENT} ?{_DAY}$|{_DAY} (de )?(la )?{_DOCUMENT}",
        r"^(date|datum|data|fecha|dato|created|created at|paivays)$",
    ),
    "discount_percent": (
        r"(discount|skonto|escompte|korting|descuento|sconto|rabatt).*(percent|pct|satz|prozent)",
    ),
    "discount_days": (
        r"(discount|skonto|escompte|korting|descuento|sconto|rabatt).*(days|tage|jours|dagen|dias)",
    ),
    "customer_id": (rf"{_WHO} ?{_ID}$",),
    "customer_number": (rf"{_WHO} ?{_NUMBER}$",),
    "customer_name": (
        rf"{_WHO} ?(name|nom|naam|nome|nombre|nimi|navn|namn|nazwa)",
        rf"(name|nom|naam|nome|nombre) (of |du |de |del |van )?(the |la |el )?{_WHO}",
        rf"^({_WHO}|bill to|name|nom|naam|company|firma|empfanger|kund|kunde)$",
    ),
    "po_number": (
        r"\bpo\b|purchase order|\border\b|bestell|bon de commande|pedido|ordine|bestallning",
    ),
    "creditor_reference": (
        r"creditor ref|structured|payment ref|\b(rf|ogm|vcs|ocr|kid|qr|esr)\b|viitenumero",
        r"zahlungsreferenz|referenznummer|gestructureerde|reference de paiement|betalingskenmerk",
    ),
    "number": (
        rf"{_DOCUMENT} ?{_NUMBER}$|{_NUMBER} (de )?(la )?{_DOCUMENT}",
        rf"^({_NUMBER}|{_DOCUMENT})$",
        rf"{_DOCUMENT} ?{_ID}$",
        rf"^({_ID}|reference)$",
    ),
    "direct_debit": (
        r"direct debit|lastschrift|prelevement|incasso|domicilia|autogiro|collection method",
        r"payment method|zahlungs(art|weise)|mode de (paiement|reglement)|betaalwijze",
    ),
    "amount_minor": (r"^(amount|total) ?(minor|cents|pence)$",),
    "amount": (
        r"^(?!.*open).*\b(gross|brutto\w*|ttc|incl|grand total|gesamt\w*)\b",
        rf"^{_AMOUNT}$",
        rf"{_NOT_ALL}.*{_AMOUNT}",
    ),
    "currency": (r"currency|wahrung|devise|divisa|valuta|munt|moneda|waluta|ccy",),
    "kind": (r"^(kind|type|typ|tipo|soort|tyyppi|rodzaj|document type|belegart)$",),
    "status": (r"^((invoice )?status|state|statut|zustand|estado|stato|tila)$",),
}

CUSTOMER: Final[Fields] = {
    "accounts": (r"iban|bank account|bankverbindung|konto|compte|rekening|cuenta|accounts?$",),
    "trading_name": (r"trading|trade name|brand|handelsnaam|nom commercial|handelsname|alias",),
    "is_person": (r"is ?person|person|private|privat|particulier",),
    "name": (
        r"^(legal )?name$|company|firma|raison sociale",
        rf"{_WHO} ?(name|nom|naam|nome|nombre|nimi|navn|namn)|name|nom|naam|nimi|navn|namn|nazwa",
        rf"^({_WHO}|kund|kunde)$",
    ),
    "number": (rf"{_WHO} ?{_NUMBER}$", rf"^{_NUMBER}$"),
    "id": (rf"{_WHO} ?{_ID}$", rf"^{_ID}$"),
    "country": (r"country|land|pays|pais|paese|maa|kraj",),
}

CONFIRMED: Final[Fields] = {
    "line": (
        r"(bank|line|transaction|entry|statement|umsatz|buchung).*(ref|reference|id|nr|line)",
        r"^(line|transaction|entry|end to end id|bank|paid with)$",
    ),
    "documents": (
        rf"{_DOCUMENT}s?( ?{_NUMBER}s?)?$|{_NUMBER} (de )?{_DOCUMENT}",
        rf"^({_NUMBER}|numbers)$",
    ),
    "booked_on": (r"book|buchung|boek|date|datum|data|fecha|dato",),
    "amount_minor": (r"minor",),
    "amount": (_AMOUNT,),
    "currency": INVOICE["currency"],
}

CREDIT_NOTE: Final = frozenset(
    "credit note,credit,creditnote,gutschrift,avoir,creditnota,abono,nota di credito,kreditnota"
    ",kreditfaktura,hyvityslasku,stornorechnung".split(",")
)
YES: Final = frozenset("yes,y,true,1,x,ja,oui,si,sim,tak,kylla".split(","))
DIRECT_DEBIT: Final = YES | frozenset(
    "direct debit,sepa direct debit,dd,bacs,lastschrift,sepa lastschrift,prelevement,incasso"
    ",domiciliacion,autogiro".split(",")
)
PAID: Final = frozenset(
    "paid,settled,closed,bezahlt,beglichen,payee,paye,betaald,pagada,pagado,pagata,betald,betalt"
    ",maksettu,zaplacona".split(",")
)
VOID: Final = frozenset(
    "void,voided,cancelled,canceled,draft,storniert,entwurf,annulee,annule,geannuleerd,anulada"
    ",annullata,makulerad,annulleret,mitatoity,anulowana".split(",")
)


def plain(text: str) -> str:
    """Return a header or a word as the patterns see it: "invoiceNumber" is "invoice number"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return " ".join(re.findall(r"[^\W_]+", folded(apart)))


def kind_of(stem: str) -> str | None:
    """Return what a file holds by its name; None if its name does not say."""
    name = plain(stem)
    return next((kind for kind, words in FILES.items() if re.search(rf"\b({words})", name)), None)


def columns_of(headers: Sequence[str], fields: Fields) -> dict[str, str]:
    """Return field -> header, each header for one field."""
    free, found = dict.fromkeys(headers), dict[str, str]()
    for field, patterns in fields.items():
        for pattern in patterns:
            header = next((each for each in free if re.search(pattern, plain(each[:200]))), None)
            if header is not None:
                found[field] = header
                del free[header]
                break
    return found
