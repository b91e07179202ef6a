"""Banks' ways of writing a line down: what they keep, cut, rewrite, tag and break."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.matching.chance import digits, happens, hex_id, one_of, weighted
from benchmarks.matching.people import german, plain
from benchmarks.matching.values import Draft, Seen, money

LAYOUTS = (
    "{code}?00{way}?10{six}{tagged}?31{iban}?32{name}?34000",
    "/TXT/{purpose}/NM/{name}/ACC/{iban}/E2E/{e2e}",
    "KREF+{six} {a}+{purpose} {b}+{name} {c}+{iban}",
    "{name} {purpose}",
    "{name} {purpose} {way}",
    "{purpose}",
    "{purpose} / {e2e}",
    "{a}: {name}\n{b}: {iban}\n{c}: {purpose}",
    "{way}\n{purpose}\n{name}",
    "{iban};{name};{purpose};{way}",
    "{way} - {name} - {purpose}",
    "{a}={purpose}|{b}={name}|{c}={e2e}",
    "{six}/{purpose}//{a}.{name}",
)
_WAYS = (
    ("GUTSCHR UEBERW", "DAUERAUFTRAG"), ("CR TRANSFER", "DR TRANSFER"), ("TRF CRED", "TRF DEB"),
    ("INDBETALING", "UDBETALING"), ("PRZELEW UZNANIOWY", "PRZELEW OBCIĄŻENIOWY"),
    ("PŘÍCHOZÍ ÚHRADA", "ODCHOZÍ ÚHRADA"), ("TEF+", "TEF-"), ("Entrada", "Saída"),
)  # fmt: skip
_REWRITES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper": str.upper,
    "plain": plain,
    "plain upper": lambda text: plain(text).upper(),
    "german upper": lambda text: german(text).upper(),
    "question marks": lambda text: text.encode("latin-1", "replace").decode("latin-1"),
}
_PIECE = 27
"""Characters of a piece in the tagged lines of MT940."""


@dataclass(frozen=True, slots=True)
class Bank:
    name: str
    layout: str
    delivery: str
    ways: tuple[str, str]
    tags: tuple[str, str, str]
    rewrite: str
    purpose_cut: int
    name_cut: int
    piece: int
    names: float
    accounts: float
    account_kind: str
    end_to_end: bool
    structured: bool
    references: float

    @classmethod
    def drawn(cls, rng: Random, name: str) -> "Bank":
        layout = rng.choice(LAYOUTS)
        carries_name = "{name}" in layout
        return cls(
            name=name,
            layout=layout,
            delivery=weighted(rng, {"text": 5, "pieces": 3, "structured": 1, "additional": 1}),
            ways=rng.choice(_WAYS),
            tags=_tags(rng),
            rewrite=rng.choice(list(_REWRITES)),
            purpose_cut=weighted(rng, {140: 8, 65: 3, 35: 2, 27: 1, 18: 1}),
            name_cut=weighted(rng, {70: 6, 35: 3, 27: 2, 18: 1}),
            piece=one_of(rng, 27, 35, 65),
            names=one_of(rng, 0.0, 0.8, 0.95) if carries_name else 0.97,
            accounts=one_of(rng, 0.4, 0.75, 0.95, 0.95),
            account_kind=weighted(rng, {"iban": 6, "bban": 1}),
            end_to_end=happens(rng, 0.6),
            structured=happens(rng, 0.6),
            references=one_of(rng, 0.7, 1.0),
        )

    def write(self, rng: Random, draft: Draft, booked: date) -> tuple[dict[str, Any], Seen]:
        """Return the line as the feed gives it, and what of the draft it still shows."""
        seen = self._keep(rng, draft)
        line: dict[str, Any] = {"transactionId": f"{booked:%y%m%d}{digits(rng, 9)}"}
        if happens(rng, self.references):
            line["entryReference"] = f"{one_of(rng, 'ZA', 'TR', 'B')}{digits(rng, 11)}"
        line |= {
            "bookingDate": booked.isoformat(),
            "valueDate": (booked - timedelta(one_of(rng, 0, 0, 0, 1))).isoformat(),
            "transactionAmount": {"amount": money(draft.amount), "currency": draft.currency},
        }
        line |= self._exchange(draft) | self._text(rng, draft, seen) | self._party(rng, draft, seen)
        if seen.end_to_end:
            line["endToEndId"] = seen.end_to_end
        line["internalTransactionId"] = hex_id(rng)
        return line, seen

    def _keep(self, rng: Random, draft: Draft) -> Seen:
        rewrite = _REWRITES[self.rewrite]
        purpose, structured = draft.purpose, draft.structured or ""
        if structured and not self.structured:
            purpose, structured = f"{purpose} {structured}".strip(), ""
        name = rewrite(draft.payer.name)[: self.name_cut] if draft.payer else ""
        in_text, in_field = "{name}" in self.layout, happens(rng, self.names)
        account = draft.payer.iban if draft.payer and happens(rng, self.accounts) else ""
        return Seen(
            purpose=rewrite(purpose)[: self.purpose_cut],
            name=name if in_text or in_field else "",
            account=account,
            structured=structured,
            end_to_end=draft.end_to_end or "" if self._shows_end_to_end else "",
        )

    @property
    def _shows_end_to_end(self) -> bool:
        return self.end_to_end or "{e2e}" in self.layout

    def _text(self, rng: Random, draft: Draft, seen: Seen) -> dict[str, Any]:
        a, b, c = self.tags
        text = self.layout.format(
            a=a, b=b, c=c, purpose=seen.purpose, name=seen.name, iban=seen.account,
            e2e=seen.end_to_end or "NOTPROVIDED", six=digits(rng, 6), code="166",
            way=self.ways[draft.amount < 0], tagged=_tagged(seen.purpose),
        )  # fmt: skip
        found: dict[str, Any] = {}
        if seen.structured:
            found["remittanceInformationStructured"] = seen.structured
        if self.delivery == "pieces":
            pieces = [p for row in text.split("\n") for p in _pieces(row, self.piece)]
            found["remittanceInformationUnstructuredArray"] = pieces
        elif self.delivery == "structured" and not seen.structured:
            found["remittanceInformationStructured"] = text
        elif self.delivery == "additional":
            found |= {
                "remittanceInformationUnstructured": seen.purpose,
                "additionalInformation": text,
            }
        else:
            found["remittanceInformationUnstructured"] = text
        return found

    def _party(self, rng: Random, draft: Draft, seen: Seen) -> dict[str, Any]:
        side = "debtor" if draft.amount > 0 else "creditor"
        found: dict[str, Any] = {}
        if seen.name and ("{name}" not in self.layout or happens(rng, self.names)):
            found[f"{side}Name"] = seen.name
        if seen.account and ("{iban}" not in self.layout or happens(rng, self.accounts)):
            number = seen.account[4:] if self.account_kind == "bban" else seen.account
            found[f"{side}Account"] = {self.account_kind: number}
        elif "{iban}" not in self.layout:
            seen.account = ""
        return found

    def _exchange(self, draft: Draft) -> dict[str, Any]:
        if draft.instructed is None:
            return {}
        amount, currency, rate = draft.instructed
        return {
            "currencyExchange": [
                {
                    "sourceCurrency": currency,
                    "targetCurrency": draft.currency,
                    "exchangeRate": f"{rate:.6f}",
                    "instructedAmount": {"amount": money(amount), "currency": currency},
                }
            ]
        }


def _tags(rng: Random) -> tuple[str, str, str]:
    upper = happens(rng, 0.6)
    made = ["".join(rng.choices("BDFGKLMNPRSTVZaeiou", k=rng.randrange(2, 5))) for _ in range(3)]
    first, second, third = ((each.upper() if upper else each.capitalize()) for each in made)
    return first, second, third


def _tagged(purpose: str) -> str:
    return "".join(f"?{20 + at}{piece}" for at, piece in enumerate(_pieces(purpose, _PIECE)))


def _pieces(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]
