"""The names under which facts are weighed (`weights`): each alone, and some two together.

A line is for one of the hypotheses or for none of them. The probability of each is its share of the
exponentiated sums of its weights: the conditional logit model of McFadden (1974).
"""

from collections.abc import Iterator

from payymo_api.reconciliation.rules.closing import Fit
from payymo_api.reconciliation.rules.marks import Marks
from payymo_api.reconciliation.rules.numbering import Named
from payymo_api.reconciliation.rules.payer import Grade
from payymo_api.reconciliation.rules.scene import Scene

_OVERDUE = (7, 30, 60)
_EARLY = 21
_MOST_COUNTED = 2
_LARGEST_SET = 6
_CROWDS = (1, 3, 10)


def features(marks: Marks) -> Iterator[str]:
    """Return what speaks for and against a hypothesis."""
    strength, payer = marks.strength, payer_class(marks.grade)
    fit = f"{'many' if marks.several else 'one'}:{marks.fit}"
    yield f"ref:{marks.reference}"
    yield f"payer:{marks.grade.name}"
    yield f"fit:{fit}"
    yield f"ref+payer:{marks.reference}:{payer}"
    yield f"ref+fit:{strength}:{fit}"
    yield f"payer+fit:{payer}:{fit}"
    if marks.better_payers:
        yield f"payer_better:{strength}:{min(marks.better_payers, _MOST_COUNTED)}"
    if marks.equal_payers and marks.grade > Grade.SHARED:
        yield f"payer_equal:{strength}:{min(marks.equal_payers, _MOST_COUNTED)}"
    if marks.grade is Grade.STRANGER:
        yield f"payer_named:{marks.payer_is_named}:{strength}"
    if marks.reserved:
        yield f"reserved:{strength}"
    if marks.names_other:
        yield f"names_other:{strength}"
    if marks.names_another:
        yield f"names_another:{strength}"
    yield from _of_several(marks) if marks.several else _of_one(marks)


def _of_several(marks: Marks) -> Iterator[str]:
    yield f"size:{min(marks.size, _LARGEST_SET)}"
    if marks.strength != "strong":
        yield f"ways:{marks.strength}:{marks.ways}"
    if marks.one_fits:
        yield f"one_fits:{marks.strength}"
    if marks.balance:
        yield "balance"
    if marks.credit:
        yield f"credit:{marks.strength}"


def _of_one(marks: Marks) -> Iterator[str]:
    if marks.hint != "no":
        yield f"day:{marks.hint}"
    if marks.ordered:
        yield "order"
    if marks.strength == "strong":
        return
    if marks.fit is not Fit.EXACT:
        yield f"due:{_lateness(marks.days_late)}"
        if marks.place != "only":
            yield f"nearest:{marks.nearest}:{marks.strength}"
    elif marks.place == "only":
        yield f"late:{_lateness(marks.days_late)}"
    else:
        yield f"alike:{marks.place}:{marks.strength}:{marks.hint}"
    if marks.fit is Fit.EXACT and marks.grade < Grade.WHOLE:
        yield f"crowd:{payer_class(marks.grade)}:{_crowd(marks.crowd)}"


def payer_class(grade: Grade) -> str:
    if grade >= Grade.ALIAS:
        return "known"
    if grade >= Grade.WHOLE:
        return "whole"
    if grade >= Grade.HEARD:
        return "near"
    return "weak" if grade > Grade.STRANGER else "stranger"


def _lateness(days: int) -> str:
    if days < -_EARLY:
        return "early"
    return next((str(most) for most in _OVERDUE if days <= most), "long")


def _crowd(count: int) -> str:
    return next((str(most) for most in _CROWDS if count <= most), "many")


def features_of_none(scene: Scene, strangeness: float) -> Iterator[str]:
    """Return what speaks for the line being for no document."""
    payers = scene.payers
    best = max(payers.grades.values(), default=Grade.STRANGER)
    yield f"none:payer:{best.name}:{payers.named}"
    if payers.elsewhere:
        yield f"none:elsewhere:{min(payers.elsewhere, 3)}"
    if any(document.amount == scene.line.amount for document in scene.hits.paid):
        yield "none:paid_again"
    elif scene.hits.paid:
        yield "none:names_paid"
    open_hits = scene.hits.open.items()
    if any(id in scene.reserved and how >= Named.DIGITS for id, how in open_hits):
        yield "none:names_reserved"
    yield from ["none:strange" if strangeness > 0 else "none:familiar"] * abs(round(strangeness))
