"""What speaks for and against each hypothesis: facts, not yet weighed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from payymo_api.reconciliation.rules.closing import Fit
from payymo_api.reconciliation.rules.hypotheses import age, alike_to
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.numbering import Named, another, damaged, hints_at, numbering
from payymo_api.reconciliation.rules.payer import Grade
from payymo_api.reconciliation.rules.reading import says_date
from payymo_api.reconciliation.rules.scene import Hypothesis, Scene, listed, unexplained
from payymo_api.reconciliation.rules.values import Document

Reference = Literal[
    "REFERENCE", "WHOLE", "DIGITS", "NEAR", "TAIL", "CUT", "ORDER", "NONE",
    "ALL", "LISTED", "ALL_NEAR", "SOME",
]  # fmt: skip
"""How the text names the documents: one (as `Named`, or only its order), or several."""
Strength = Literal["strong", "middle", "cut", "none"]
Place = Literal["only", "oldest", "first_issued", "first_due", "later"]
"""Where a document stands among those of the customer that fit as well."""
Hint = Literal["this", "other", "no"]
"""Whether a day or month that the text names is the document's."""

_SHORT = 3
_STRONG = {"REFERENCE", "WHOLE", "DIGITS", "ALL", "LISTED"}
_CLOSES = {Fit.FEE, Fit.DISCOUNT, Fit.ROUNDING}
_MIDDLE = {"NEAR", "TAIL", "ORDER", "ALL_NEAR", "SOME"}


@dataclass(frozen=True, slots=True)
class Marks:
    """The facts of one hypothesis."""

    reference: Reference
    grade: Grade
    fit: Fit
    several: bool
    size: int
    better_payers: int
    equal_payers: int
    payer_is_named: bool
    reserved: bool
    names_other: bool
    """The text names another open document."""
    names_another: bool
    """The text names a number of the same series that is none of these."""
    names_paid: bool
    taken_back: bool
    """Money of this payer was taken back from one of the documents."""
    one_fits: bool = False
    """Of several: one document of the customer alone has the amount open."""
    one_nearly_fits: bool = False
    """Of several: one that the text names fits alone, less a fee, a discount or cents."""
    balance: bool = False
    credit: bool = False
    ways: str = "1"
    """Of several: how many sets have the sum ("1", "2", "3"); or, where all are of the same
    amounts, whether this is the "oldest" or a "later" one."""
    place: Place = "only"
    points_elsewhere: bool = False
    """The text holds a piece of another of them's number, which this one's number lacks."""
    nearest: bool = True
    """Of those, it falls due nearest to the line's day."""
    hint: Hint = "no"
    crowd: int = 0
    """How many open documents of the tenant have this amount."""
    ordered: bool = False
    short: bool = False
    """Its number is so short that a house or a customer may have it."""
    days_late: int = 0

    @property
    def strength(self) -> Strength:
        return strength(self.reference)


def strength(reference: str) -> Strength:
    """Return how much a way of naming documents tells."""
    if reference in _STRONG:
        return "strong"
    return "middle" if reference in _MIDDLE else "cut" if reference == "CUT" else "none"


def marks(scene: Scene, found: Sequence[Hypothesis], index: Index) -> list[Marks]:
    """Return the facts of each hypothesis, in their order."""
    taken = scene.hits.taken
    rest = {each: unexplained(scene.reading, places) for each, places in taken.items()}
    names = {
        document.id: scene.hits.open.get(document.id)
        or damaged(rest.get(document.customer, scene.reading), document)
        for each in found
        for document in each.documents
    }
    return [_marks(each, scene, names, found, index) for each in found]


def _marks(
    each: Hypothesis,
    scene: Scene,
    names: dict[UUID, Named | None],
    found: Sequence[Hypothesis],
    index: Index,
) -> Marks:
    reference = _reference(each, scene, names)
    better, equal = scene.payers.rivals(each.customer)
    mine = each.ids
    several = len(each.documents) > 1
    named = scene.hits.open.items()
    common = Marks(
        reference=reference,
        grade=scene.payers.grade(each.customer),
        fit=each.how.fit,
        several=several,
        size=len(each.documents),
        better_payers=better,
        equal_payers=equal,
        payer_is_named=scene.payers.named,
        reserved=any(id in scene.reserved for id in mine),
        names_other=any(how >= Named.DIGITS and id not in mine for id, how in named),
        names_another=strength(reference) != "strong" and another(scene.reading, each.documents),
        names_paid=bool(scene.hits.paid),
        taken_back=any(scene.memory.taken_back(scene.payers.keys, id) for id in mine),
    )
    return (
        _of_several(common, each, scene, found)
        if several
        else _of_one(common, each, scene, found, index)
    )


def _of_several(
    common: Marks, each: Hypothesis, scene: Scene, found: Sequence[Hypothesis]
) -> Marks:
    named = scene.hits.open
    singles = [
        other for other in found if len(other.documents) == 1 and other.customer == each.customer
    ]
    return replace(
        common,
        one_fits=any(other.how.fit is Fit.EXACT for other in singles),
        one_nearly_fits=any(
            other.how.fit in _CLOSES and named.get(other.documents[0].id, 0) >= Named.DIGITS
            for other in singles
        ),
        balance=each.balance,
        credit=any(document.kind == "credit_note" for document in each.documents),
        ways=_ways(each, alike_to(each, found)),
    )


def _ways(each: Hypothesis, others: Sequence[Hypothesis]) -> str:
    """Of sets of equal amounts the one with the oldest documents counts; else all do."""
    twins = [other for other in others if _amounts(other) == _amounts(each)]
    if len(twins) < len(others):
        return str(min(len(others) - len(twins) + 1, 3))
    if not others:
        return "1"
    return "oldest" if all(_ages(each) < _ages(other) for other in twins) else "later"


def _amounts(each: Hypothesis) -> list[tuple[str, int]]:
    return sorted((document.kind, document.open) for document in each.documents)


def _ages(each: Hypothesis) -> list[tuple[object, ...]]:
    return sorted(age(document) for document in each.documents)


def _of_one(
    common: Marks, each: Hypothesis, scene: Scene, found: Sequence[Hypothesis], index: Index
) -> Marks:
    (document,) = each.documents
    line = scene.line
    rivals = _rivals(each, scene, found)

    def distance(other: Document) -> int:
        return abs((line.booked_on - (other.due_on or other.issued_on)).days)

    return replace(
        common,
        place=_place(document, rivals),
        points_elsewhere=any(hints_at(scene.reading, other, document) for other in rivals),
        nearest=all(distance(document) <= distance(other) for other in rivals),
        hint=_hint(document, scene),
        crowd=len(index.owed(line.currency, line.amount)),
        ordered=document.id in scene.hits.ordered,
        short=len(numbering(document.number).whole) <= _SHORT and common.reference != "REFERENCE",
        days_late=(line.booked_on - (document.due_on or document.issued_on)).days,
    )


def _rivals(each: Hypothesis, scene: Scene, found: Sequence[Hypothesis]) -> list[Document]:
    """Return the customer's documents that the line closes in the same way, this one included.

    What is proposed for another line no longer counts.
    """
    return [
        other.documents[0]
        for other in found
        if len(other.documents) == 1
        and other.customer == each.customer
        and other.how.fit is each.how.fit
        and other.documents[0].id not in scene.reserved
    ]


def _place(document: Document, rivals: Sequence[Document]) -> Place:
    """The oldest is the first issued; where terms differ, another may be the first due."""
    if document not in rivals or len(rivals) == 1:
        return "only"
    first_issued = document == min(rivals, key=age)
    first_due = document == min(rivals, key=_due)
    if first_issued:
        return "oldest" if first_due else "first_issued"
    return "first_due" if first_due else "later"


def _due(document: Document) -> tuple[object, ...]:
    return (document.due_on or document.issued_on, *age(document))


def _hint(document: Document, scene: Scene) -> Hint:
    reading = scene.reading
    if says_date(reading, document.issued_on) or document.issued_on.month in reading.months:
        return "this"
    return "other" if reading.dates or reading.months else "no"


def _reference(each: Hypothesis, scene: Scene, names: dict[UUID, Named | None]) -> Reference:
    levels = [names[document.id] for document in each.documents]
    if len(levels) == 1:
        (level,) = levels
        if level is None:
            return "ORDER" if each.documents[0].id in scene.hits.ordered else "NONE"
        return level.name  # type: ignore[return-value]  # Named's names are all in Reference
    open_hits = scene.hits.open
    heads = [one for one in each.documents if open_hits.get(one.id, 0) >= Named.DIGITS]
    rest = [one for one in each.documents if one not in heads]
    if not heads:
        return "ALL_NEAR" if all((level or 0) >= Named.NEAR for level in levels) else "NONE"
    if not rest:
        return "ALL"
    if len(listed(scene.reading, rest, heads)) == len(rest):
        return "LISTED"
    return "ALL_NEAR" if all(names[one.id] for one in rest) else "SOME"
