"""Which category a line gets: by what a user chose before, the tenant's rules, or a hint.

Texts are compared as words: letters and digits in folded case, everything else is a space.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal, Protocol
from uuid import UUID

from payymo_api.banking.rules.categories import TRANSFER
from payymo_api.banking.rules.hints import hinted
from payymo_api.banking.rules.line import folded
from payymo_api.banking.rules.merchants import merchant

CategorySource = Literal["user", "memory", "rule", "transfer", "default"]
TextMatch = Literal["contains", "words", "starts_with"]
_ASCII_WORDS: Final = "".join(
    chr(code).lower() if chr(code).isalnum() else " " for code in range(128)
)
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
Counterparty = tuple[str, str, str]
"""`iban` or `merchant`, which one, and the direction of the money."""


class Described(Protocol):
    """A line, kept or still to be kept."""

    @property
    def amount_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def counterparty_name(self) -> str | None: ...
    @property
    def counterparty_iban(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Label:
    """What we make of a line."""

    merchant: str | None
    category: str | None
    category_source: CategorySource | None


@dataclass(frozen=True)
class Facts:
    """A line as rules see it. `text` holds each text between line breaks and spaces."""

    account_id: UUID
    amount_minor: int
    currency: str
    text: str
    name: str
    iban: str | None
    merchant: str | None

    @classmethod
    def of(cls, line: Described, account_id: UUID) -> "Facts":
        return cls(
            account_id=account_id,
            amount_minor=line.amount_minor,
            currency=line.currency,
            text=f"\n {words(line.description)} \n {words(line.reference)} \n",
            name=_name(line.counterparty_name),
            iban=line.counterparty_iban,
            merchant=merchant(line.counterparty_name, line.description),
        )

    @property
    def direction(self) -> str:
        return "in" if self.amount_minor > 0 else "out"

    @cached_property
    def counterparty(self) -> Counterparty | None:
        """By what the other side is recognised, if at all."""
        if self.iban:
            return ("iban", self.iban, self.direction)
        if self.merchant:
            return ("merchant", self.merchant.casefold(), self.direction)
        return None


@dataclass(frozen=True)
class Rule:
    """Conditions that all must hold; None asks for nothing. Amounts are sizes, without sign."""

    id: UUID
    category: str
    priority: int
    text: str | None = None
    text_match: TextMatch = "contains"
    counterparty_name: str | None = None
    counterparty_iban: str | None = None
    min_amount_minor: int | None = None
    max_amount_minor: int | None = None
    currency: str | None = None
    account_id: UUID | None = None
    direction: str | None = None

    @cached_property
    def needle(self) -> str | None:
        """What a line's text must hold, so that all three ways of comparing are a search."""
        if self.text is None:
            return None
        found = words(self.text)
        whole = {"contains": found, "words": f" {found} ", "starts_with": f"\n {found}"}
        return whole[self.text_match]

    @cached_property
    def name_needle(self) -> str | None:
        return words(self.counterparty_name) if self.counterparty_name else None

    def accepts(self, facts: Facts) -> bool:
        """Tell whether all conditions but that on the text hold."""
        return (
            self.direction in {None, facts.direction}
            and self.account_id in {None, facts.account_id}
            and self.currency in {None, facts.currency}
            and self.counterparty_iban in {None, facts.iban}
            and (self.name_needle is None or self.name_needle in facts.name)
            and self._holds_amount(abs(facts.amount_minor))
        )

    def _holds_amount(self, size: int) -> bool:
        least, most = self.min_amount_minor, self.max_amount_minor
        return (least is None or least <= size) and (most is None or size <= most)


class Rulebook:
    """A tenant's rules, ready for many lines: the least (priority, id) that fits decides."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_text: list[tuple[str, Rule]] = []
        self._by_name: list[tuple[str, Rule]] = []
        self._by_iban: dict[str, list[Rule]] = {}
        self._others: list[Rule] = []
        for rule in sorted(rules, key=_order):
            if (needle := rule.needle) is not None:
                self._by_text.append((needle, rule))
            elif rule.counterparty_iban:
                self._by_iban.setdefault(rule.counterparty_iban, []).append(rule)
            elif rule.name_needle:
                self._by_name.append((rule.name_needle, rule))
            else:
                self._others.append(rule)

    def find(self, facts: Facts) -> Rule | None:
        text, name = facts.text, facts.name
        candidates = [rule for needle, rule in self._by_text if needle in text]
        candidates += [rule for needle, rule in self._by_name if needle in name]
        candidates += self._by_iban.get(facts.iban or "", ())
        candidates += self._others
        return min((each for each in candidates if each.accepts(facts)), key=_order, default=None)


def _order(rule: Rule) -> tuple[int, UUID]:
    return (rule.priority, rule.id)


def decide(
    facts: Facts,
    rules: Rulebook,
    remembered: Mapping[Counterparty, str],
    *,
    is_transfer: bool = False,
) -> Label:
    """Return what a line is that no user has categorised; the first that knows decides."""
    category: str | None
    source: CategorySource
    if remembered and facts.counterparty and (category := remembered.get(facts.counterparty)):
        source = "memory"
    elif rule := rules.find(facts):
        category, source = rule.category, "rule"
    elif is_transfer:
        category, source = TRANSFER, "transfer"
    else:
        category, source = hinted(facts.text, facts.name, facts.direction), "default"
    return Label(facts.merchant, category, source if category else None)


def words(text: str | None) -> str:
    if not text:
        return ""
    if text.isascii():  # what folding does there, twice as fast
        return " ".join(text.translate(_ASCII_WORDS).split())
    return _BETWEEN_WORDS.sub(" ", folded(text)).strip()


@lru_cache(maxsize=4096)
def _name(text: str | None) -> str:
    """`words` of a counterparty's name; few of them make most lines."""
    return words(text)
