"""What the banks write into :86:, each in its own dialect, read into the same facts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mt940.models import Transactions
from mt940.options import Options
from mt940.processors import transaction_details_post_processor
from mt940.tags import TransactionDetails

_ROW = 65
"""A row this long is full: its last word goes on in the next row."""


@dataclass(frozen=True, slots=True)
class Details:
    """`account` is the counterparty's, an IBAN or not; `parts` are the dialect's own fields."""

    description: str
    name: str | None = None
    account: str | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)


def details_of(rows: Sequence[str]) -> Details:
    """Read by the first dialect that knows the text; else all of it is the description."""
    text = _joined(rows)
    readers = (_subfields, _codes, _labels, _mbank, _abn_amro, _account_first)
    found = (reader(rows, text) for reader in readers)
    return next((details for details in found if details), Details(_spaced(text)))


_MARK = "\ue000"
"""Stands for a question mark of the text itself, at which the library would cut."""
_SUBFIELDS = re.compile(r"\s*\d{3}([?>~^|])\d\d")


def _subfields(rows: Sequence[str], text: str) -> Details | None:
    """German banks' ?20 to ?63 (166?00…?20EREF+…) by the library; Triodos writes >20 instead."""
    match = _SUBFIELDS.match(text)
    if match is None:
        return None
    sign = re.escape(match[1].replace("?", _MARK))
    whole = "".join(rows).strip().replace("?", _MARK)
    marked = re.sub(rf"{sign}(?=\d\d)", "?", whole)
    tag = {"transaction_details": marked}
    read = transaction_details_post_processor(
        Transactions(options=Options.all()), TransactionDetails(), tag, dict(tag)
    )
    parts = {key: value.replace(_MARK, "?") for key, value in read.items() if value}
    triodos = match[1] == ">"
    purpose = f"{parts.get('purpose', '')}{parts.get('additional_purpose', '')}"
    return Details(
        description=_spaced(purpose or parts.get("posting_text", "")),
        name=parts.get("applicant_name"),
        account=parts.get("prima_nota" if triodos else "applicant_iban")
        or parts.get("gvc_applicant_iban"),
        end_to_end_id=_given(parts.get("end_to_end_reference")),
        parts=parts,
    )


_CODES = "EREF PREF MARF CSID CNTP BENM ORDP NAME ID ADDR REMI ISDT RTRN TRTP TRCD IBAN BIC PURP"
_CODE = re.compile(rf"/({'|'.join(_CODES.split())})/")


def _codes(rows: Sequence[str], text: str) -> Details | None:
    """Dutch banks' /EREF/…/NAME/…/REMI/…; ING's /CNTP/ is account/BIC/name/city."""
    del rows
    marks = list(_CODE.finditer(text))
    if not marks or not text.lstrip().startswith("/"):
        return None
    parts: dict[str, str] = {}
    for mark, end in zip(marks, [*(m.start() for m in marks[1:]), len(text)], strict=True):
        parts.setdefault(mark[1], _spaced(text[mark.end() : end]).strip("/ "))
    account, _, rest = parts.get("CNTP", "").partition("/")
    contra = rest.split("/")
    remittance = parts.get("REMI", "")
    structured = re.match(r"STRD/(?:CUR|ISO)/([^/]+)", remittance)
    return Details(
        description=re.sub(r"^USTD//?", "", remittance),
        name=parts.get("NAME") or (contra[1] if len(contra) > 1 else None) or None,
        account=parts.get("IBAN") or account or None,
        reference=structured[1] if structured else None,
        end_to_end_id=_given(parts.get("EREF")),
        parts=parts,
    )


_KNAB = re.compile(r"REK: ?(?P<account>[A-Z0-9]{4,34})/NAAM: ?(?P<name>.+)$")
_POSTFINANCE = re.compile(r"AUFTRAGGEBER: ?(?P<name>.+?)(?= \d{6}CH\d+| MITTEILUNGEN:|$)")
_ING_CARD = re.compile(r" ?(?P<name>[^>]+)>[^>]+? \d\d-\d\d-\d{4} \d\d:\d\d")


def _labels(rows: Sequence[str], text: str) -> Details | None:
    """Knab, PostFinance, and ING's card payments (name>place, day and time)."""
    del rows
    if match := _KNAB.search(text):
        return Details(_spaced(text[: match.start()]), _spaced(match["name"]), match["account"])
    if match := _POSTFINANCE.search(text) or _ING_CARD.match(text):
        return Details(_spaced(text), _spaced(match["name"]))
    return None


def _mbank(rows: Sequence[str], text: str) -> Details | None:
    """mBank's `LABEL: value;`; the address follows the name, the account is an IBAN without PL."""
    del rows
    pairs = (part.partition(": ") for part in text.split(";"))
    parts = {label.strip(): value for label, _, value in pairs if value}
    if "TYT." not in parts:
        return None
    account = parts.get("Z RACH.") or parts.get("NA RACH.")
    party = (parts.get("OD") or parts.get("DLA") or "").strip()
    return Details(
        description=_spaced(parts["TYT."]),
        name=_spaced(re.split(r" {2,}", party)[0]) or None,
        account=f"PL{account.strip()}" if account else None,
        parts={label: _spaced(value) for label, value in parts.items()},
    )


_GIRO = re.compile(r"GIRO +(?P<account>\d+) (?P<name>.+?) {2,}(?P<text>.*)", re.DOTALL)
_CARD = re.compile(
    r"(?:BEA|GEA) +NR:(?P<card>\S+) +(?P<at>\d\d\.\d\d\.\d\d/\d\d\.\d\d) (?P<name>[^,]+),PAS"
)
_DOTTED = re.compile(r"(?P<account>\d\d\.\d\d\.\d\d\.\d{3}) {2,}(?P<name>.+?)(?: {2,}.*)?$")
_PAYMENT_REFERENCE = re.compile(r"BETALINGSKENM\. +(\d+)")


def _abn_amro(rows: Sequence[str], text: str) -> Details | None:
    """ABN AMRO's columns before SEPA: GIRO, card payments (BEA), and dotted account numbers."""
    del rows
    if match := _GIRO.match(text):
        found = _PAYMENT_REFERENCE.search(match["text"])
        reference = found[1] if found else None
        return Details(_spaced(match["text"]), match["name"], match["account"], reference)
    if match := _CARD.match(text):
        card = {"card": match["card"], "paid_at": match["at"]}
        return Details(_spaced(text), _spaced(match["name"]), parts=card)
    if match := _DOTTED.match(text):
        return Details(_spaced(text), _spaced(match["name"]), match["account"].replace(".", ""))
    return None


_ACCOUNT_FIRST = re.compile(
    r" ?(?P<account>\d{10}|[A-Z]{2}\d{2}[A-Z]{4}[A-Z0-9]{7,26}) (?P<rest>.+)"
)
_NO_NAME = re.compile(r"[\d:]|^SPOEDBETALING$")


def _account_first(rows: Sequence[str], text: str) -> Details | None:
    """ASN, SNS and ING: account, then name to the row's end or to a word that is no name's."""
    match = _ACCOUNT_FIRST.match(rows[0]) if rows else None
    if match is None:
        return None
    words = match["rest"].split()
    strange = (n for n, word in enumerate(words) if _NO_NAME.search(word))
    name = " ".join(words[: next(strange, len(words))])
    more = _joined(rows[1:]) if name == " ".join(words) else ""
    whole = text.lstrip()[len(match["account"]) :]
    return Details(_spaced(more) or _spaced(whole), name.rstrip() or None, match["account"])


def _joined(rows: Sequence[str]) -> str:
    """Put rows together; a word cut at the end of a full row grows whole again."""
    text, last = "", ""
    for row in rows:
        text += row if not text or _cut(last, row) else f" {row}"
        last = row
    return text


def _cut(row: str, following: str) -> bool:
    """SWIFT's row is 65 long; some banks cut after 64, told from a word's end by its neighbours."""
    if len(row) >= _ROW:
        return True
    ends = row[-1:] + following[:1]
    return len(row) == _ROW - 1 and (ends.isalpha() or ends.isdigit()) and len(ends) > 1


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _given(text: str | None) -> str | None:
    return None if not text or text.upper() == "NOTPROVIDED" else text
