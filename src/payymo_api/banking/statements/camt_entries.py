"""One CAMT entry (Ntry) as one bank line: what moved on the account, its parts kept beside it.

ISO 20022: CdtDbtInd says which way the money went, also of a reversal; RvslInd only tells that the
operation undone went the other way, so that the parties stand in each other's places.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from lxml import etree

from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.statements.camt_tree import (
    line_of,
    needed,
    node_of,
    placed,
    plain,
    refusal,
    text_of,
)
from payymo_api.banking.statements.fields import iban, iso_day, iso_moment, money, negative, shown
from payymo_api.banking.statements.statement import StatementAccount
from payymo_api.core.money import Money

_BOOKED = {"BOOK": True, "PDNG": False, "FUTR": False}
_NOT_GIVEN = {"NOTPROVIDED", "NOT PROVIDED", "NONREF"}


@dataclass(frozen=True, slots=True)
class _Detail:
    """One TxDtls: a payment within the entry. The amount is text, in the payment's own currency."""

    amount: str | None
    currency: str | None
    counterparty_name: str | None
    counterparty_iban: str | None
    counterparty_account: str | None
    description: str | None
    reference: str | None
    end_to_end_id: str | None
    bank_reference: str | None
    return_reason: str | None


def entry_line(entry: etree._Element, account: StatementAccount) -> BankTransaction:
    amount = amount_of(entry)
    details = [_detail(part, entry, account) for part in entry.findall("NtryDtls/TxDtls")]
    return BankTransaction(
        booked=_BOOKED[status_of(entry)],
        amount=amount,
        booked_on=_day(entry, "BookgDt/Dt", "BookgDt/DtTm"),
        value_on=_day(entry, "ValDt/Dt", "ValDt/DtTm"),
        booked_at=_booked_at(entry),
        description=_common(detail.description for detail in details)
        or text_of(entry, "AddtlNtryInf")
        or "",
        reference=_common(detail.reference for detail in details),
        end_to_end_id=_common(detail.end_to_end_id for detail in details),
        counterparty_name=_common(detail.counterparty_name for detail in details),
        counterparty_iban=_common(detail.counterparty_iban for detail in details),
        provider_id=_given(text_of(entry, "AcctSvcrRef"))
        or _common(detail.bank_reference for detail in details),
        internal_id=None,
        raw=_raw(entry, details),
    )


def amount_of(element: etree._Element) -> Money:
    """Return `Amt` signed by `CdtDbtInd`; money in is positive."""
    amount, direction = needed(element, "Amt"), needed(element, "CdtDbtInd")
    currency = (amount.get("Ccy") or "").strip()
    if not currency:
        raise refusal(amount, f"{element.tag}/Amt/@Ccy", "is missing")
    text, line, field = placed(amount)
    found = money(text, currency, line, field)
    sign = (direction.text or "").strip()
    if sign not in {"CRDT", "DBIT"}:
        raise refusal(direction, f"{element.tag}/CdtDbtInd", f"{shown(sign)} is no direction")
    return found if sign == "CRDT" else negative(found)


def status_of(entry: etree._Element) -> str:
    """BOOK, PDNG, FUTR or INFO: text up to version 07, a code below it from 08 on."""
    status = needed(entry, "Sts")
    text = text_of(status, "Cd", "Prtry", ".") or ""
    if text not in _BOOKED and text != "INFO":
        raise refusal(status, "Ntry/Sts", f"{shown(text)} is no status of an entry")
    return text


def _day(element: etree._Element, *paths: str) -> date | None:
    node = node_of(element, *paths)
    return None if node is None else iso_day(*placed(node))


def _booked_at(entry: etree._Element) -> datetime | None:
    moment = entry.find("BookgDt/DtTm")
    return None if moment is None else iso_moment(*placed(moment))


def _detail(part: etree._Element, entry: etree._Element, account: StatementAccount) -> _Detail:
    role = _counterparty(part, entry, account)
    amount = node_of(part, "Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
    number = _account_of(part, role)
    return _Detail(
        amount=None if amount is None else (amount.text or "").strip(),
        currency=None if amount is None else amount.get("Ccy"),
        counterparty_name=_name_of(part, role),
        counterparty_iban=iban(number),
        counterparty_account=number,
        description=_description(part),
        reference=text_of(part, "RmtInf/Strd/CdtrRefInf/Ref"),
        end_to_end_id=_given(text_of(part, "Refs/EndToEndId")),
        bank_reference=_given(text_of(part, "Refs/AcctSvcrRef")),
        return_reason=text_of(part, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
    )


def _counterparty(part: etree._Element, entry: etree._Element, account: StatementAccount) -> str:
    """Return Dbtr or Cdtr; the usual one, or the other where some banks put it. "" if neither."""
    direction = text_of(part, "CdtDbtInd") or text_of(entry, "CdtDbtInd")
    incoming = (direction == "CRDT") != _is_reversal(entry)
    usual, other = ("Dbtr", "Cdtr") if incoming else ("Cdtr", "Dbtr")
    ours = {account.iban, account.other_id} - {None}
    if _account_of(part, usual) not in ours and (_name_of(part, usual) or _account_of(part, usual)):
        return usual
    number = _account_of(part, other)
    return other if number and number not in ours else ""


def _name_of(part: etree._Element, role: str) -> str | None:
    """Version 08 on puts the name below Pty, or Agt if a bank is the party."""
    if not role:
        return None
    at = f"RltdPties/{role}"
    ultimate = f"RltdPties/Ultmt{role}"
    return text_of(
        part,
        f"{at}/Nm",
        f"{at}/Pty/Nm",
        f"{at}/Agt/FinInstnId/Nm",
        f"{ultimate}/Nm",
        f"{ultimate}/Pty/Nm",
    )


def _account_of(part: etree._Element, role: str) -> str | None:
    if not role:
        return None
    at = f"RltdPties/{role}Acct/Id"
    written = text_of(part, f"{at}/IBAN", f"{at}/Othr/Id")
    return iban(written) or written


def _description(part: etree._Element) -> str | None:
    """Remittance text and the document numbers of the structured part; else what the bank adds."""
    texts = [(node.text or "").strip() for node in part.findall("RmtInf/Ustrd")]
    for path in ("RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/AddtlRmtInf"):
        texts += [(node.text or "").strip() for node in part.findall(path)]
    return " ".join(filter(None, texts)) or text_of(part, "AddtlTxInf")


def _raw(entry: etree._Element, details: list[_Detail]) -> dict[str, object]:
    batch = entry.find("NtryDtls/Btch")
    return {
        "line": line_of(entry),
        "reversal": _is_reversal(entry),
        "bank_transaction_code": {
            "domain": text_of(entry, "BkTxCd/Domn/Cd"),
            "family": text_of(entry, "BkTxCd/Domn/Fmly/Cd"),
            "subfamily": text_of(entry, "BkTxCd/Domn/Fmly/SubFmlyCd"),
            "proprietary": text_of(entry, "BkTxCd/Prtry/Cd"),
        },
        "batch": None if batch is None else plain(batch),
        "details": [asdict(detail) for detail in details],
        "entry": plain(entry),
    }


def _is_reversal(entry: etree._Element) -> bool:
    return text_of(entry, "RvslInd") in {"true", "1"}


def _common(values: Iterable[str | None]) -> str | None:
    """Return what all payments of an entry agree on: with one payment, its fact."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None


def _given(text: str | None) -> str | None:
    return None if text is None or text.upper() in _NOT_GIVEN else text
