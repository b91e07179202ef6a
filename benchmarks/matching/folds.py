"""How good the engine is at tenants that its weights were not fitted to: a part held back in turn.

The figures are those of the scorer that comes with a data set; it says what each of them means.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from math import nan
from pathlib import Path
from types import ModuleType

from benchmarks.matching.choices import Answers, run
from benchmarks.matching.drive import Row
from benchmarks.matching.fitting import parts, rounds
from benchmarks.results import Result

_FIGURES = {
    "straight-through, %": ("stp", "≥ 93.5"),
    "precision of posted lines, %": ("precision", "≥ 99.95"),
    "its Wilson lower bound, %": ("precision_low", "≥ 99.90"),
    "wrong postings per 10,000 lines": ("wrong_per_10k", "≤ 3"),
    "wrong postings, % of value": ("wrong_value_share", "≤ 0.05"),
    "recall of decidable lines, %": ("recall", "≥ 98.5"),
    "undecided lines, right answer first, %": ("top1_rest", "≥ 88"),
    "undecided lines, right answer in first three, %": ("top3_rest", "≥ 96"),
    "unrelated lines left alone, %": ("clean_abstain", "≥ 97"),
    "unrelated lines not posted, %": ("not_posted", "≥ 99.98"),
    "remainders closed right, %": ("residual_right", "≥ 98"),
    "posted lines explained, %": ("explained", "≥ 100"),
}
_ON_NONE = "wrong postings of unrelated lines, per 10,000 lines"
_CALIBRATION = "calibration (ECE)"
_BAD_TENANTS = "tenants with more wrong postings than 2 and 0.5 % of their posted lines"
_PAYOUTS = {"stripe_payout", "stripe_negative", "stripe_foreign", "psp_payout"}
_CASES: dict[str, tuple[set[str], str]] = {
    "several invoices by number": ({"multi_ref"}, "≥ 95"),
    "sets without numbers": ({"multi_noref"}, "≥ 98"),
    "damaged references": ({"mangled_ref"}, "≥ 97"),
    "returns and refunds": ({"dd_return", "payment_returned", "customer_refund"}, "≥ 97"),
    "payouts": (_PAYOUTS, "≥ 99.9"),
}
_PAYOUTS_RIGHT = "precision of posted payouts, %"
_BARS = {
    **{name: bar for name, (_, bar) in _FIGURES.items()},
    _ON_NONE: "≤ 0.5",
    _CALIBRATION: "≤ 0.01",
    _BAD_TENANTS: "≤ 0",
    **{f"recall: {name}, %": bar for name, (_, bar) in _CASES.items()},
    _PAYOUTS_RIGHT: "≥ 100",
}


def held_back(folder: Path, count: int, extra: Iterable[Path], penalty: float) -> Iterator[Answers]:
    """Yield what is said of each part's lines by weights fitted to the others, and to `extra`."""
    divided = parts(folder, count)
    added = [part for each in extra for part in parts(each, 1)]
    for part in divided:
        others = [each for each in divided if each is not part]
        *_, last = rounds([*others, *added], penalty)
        yield run([part], last.weights).answers


def results(score: ModuleType, folds: Sequence[Answers], against: str) -> list[Result]:
    """Return the figures of all folds together; those of each stand beside them."""
    alone = [_figures(score, each) for each in folds]
    every = [answer for each in folds for answer in each]
    whole = _figures(score, every)
    found = [
        Result(name, against, whole[name], bar, ", ".join(f"{each[name]:.3f}" for each in alone))
        for name, bar in _BARS.items()
    ]
    return [*found, _lowest(score, every, against)]


def _figures(score: ModuleType, answers: Answers) -> dict[str, float]:
    row = _row(score, answers)
    return {
        **{name: row[key] for name, (key, _) in _FIGURES.items()},
        _ON_NONE: 10_000 * row["wrong_on_none"] / row["lines"],
        _CALIBRATION: _error(score, answers),
        _BAD_TENANTS: _bad_tenants(score, answers),
        **{
            f"recall: {name}, %": _row(score, _of(answers, cases))["recall"]
            for name, (cases, _) in _CASES.items()
        },
        _PAYOUTS_RIGHT: _row(score, _of(answers, _PAYOUTS))["precision"],
    }


def _row(score: ModuleType, answers: Answers) -> dict[str, float]:
    bag = score.Bag()
    for truth, said in answers:
        bag.add(truth, said)
    return dict(bag.row())


def _of(answers: Answers, cases: set[str]) -> Answers:
    return [each for each in answers if each[0]["case"] in cases]


def _error(score: ModuleType, answers: Answers) -> float:
    """Return how far probabilities are from how often they are right (ECE)."""
    told = []
    for truth, said in answers:
        items = score.items(said.get("allocations"))
        if items:
            right = items.keys() == score.items(truth["allocations"]).keys()
            told.append((said["score"], float(right)))
    found = score.calibration(told)
    return float(found["ece"]) if found else nan


def _bad_tenants(score: ModuleType, answers: Answers) -> int:
    rows = [_row(score, each) for each in _by(answers, lambda truth: truth["tenant_id"]).values()]
    return sum(row["wrong"] > max(2, 0.005 * row["auto"]) for row in rows)


def _lowest(score: ModuleType, answers: Answers, against: str) -> Result:
    """Return the recall of every case, the lowest first."""
    recalls = {
        case: _row(score, each)["recall"]
        for case, each in _by(answers, lambda truth: truth["case"]).items()
        if any(truth["resolvable"] == "auto" for truth, _ in each)
    }
    ordered = sorted(recalls.items(), key=lambda each: (each[1], each[0]))
    told = ", ".join(f"{case} {recall:.2f}" for case, recall in ordered)
    return Result(
        "recall of the hardest case, %", against, min(recalls.values(), default=nan), "", told
    )


def _by(answers: Answers, key: Callable[[Row], str]) -> dict[str, Answers]:
    found = defaultdict(list)
    for truth, said in answers:
        found[key(truth)].append((truth, said))
    return found


def scorer(path: Path) -> ModuleType:
    """Load the script that says what the figures mean."""
    spec = spec_from_file_location("score", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no script")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
