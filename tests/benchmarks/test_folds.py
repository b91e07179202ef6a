"""Figures of tenants that the weights were not fitted to."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.matching.choices import Answers
from benchmarks.matching.drive import tenants_of
from benchmarks.matching.folds import held_back, results, scorer
from benchmarks.matching.generate import generate

SCORER = '''
SHARES = """stp precision precision_low wrong_per_10k wrong_value_share recall top1_rest top3_rest
clean_abstain not_posted residual_right explained""".split()


def items(allocations):
    return {each["id"]: each["amount"] for each in allocations or ()}


def calibration(rows):
    return {"ece": sum(score - right for score, right in rows) / len(rows)} if rows else None


class Bag:
    def __init__(self):
        self.lines = self.right = self.posted = 0

    def add(self, truth, said):
        self.lines += 1
        self.posted += said["decision"] == "auto"
        self.right += items(truth["allocations"]) == items(said["allocations"])

    def row(self):
        wrong = self.posted - self.right
        share = 100 * self.right / self.posted if self.posted else float("nan")
        known = {"lines": self.lines, "auto": self.posted, "wrong": wrong, "wrong_on_none": wrong}
        return {**dict.fromkeys(SHARES, share), **known}
'''
"""Stands in for the scorer of a data set: an answer is right where it is the truth."""


def _posted(tenant: str, case: str, *, right: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    booked = [{"id": "inv_1", "amount": "1.00"}]
    truth = {"tenant_id": tenant, "case": case, "resolvable": "auto", "allocations": booked}
    said = booked if right else [{"id": "inv_2", "amount": "1.00"}]
    return truth, {"decision": "auto", "score": 0.9, "allocations": said}


def test_figures_are_those_of_all_folds_with_each_beside(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(SCORER)
    first: Answers = [_posted("ten_1", "multi_ref", right=True)] * 6
    second: Answers = [_posted("ten_2", "mangled_ref", right=False)] * 3
    second += [_posted("ten_3", "mangled_ref", right=False)]
    found = results(scorer(tmp_path / "score.py"), [first, second], "two folds")
    figures = {each.what: each for each in found}
    assert figures["precision of posted lines, %"].value == pytest.approx(60)
    assert figures["precision of posted lines, %"].figures == "100.000, 0.000"
    assert figures["recall: several invoices by number, %"].value == pytest.approx(100)
    assert not figures["recall: damaged references, %"].is_met
    assert figures["calibration (ECE)"].value == pytest.approx(0.3)
    assert figures["recall of the hardest case, %"].figures == "mangled_ref 0.00, multi_ref 100.00"


def test_two_wrong_postings_are_forgiven_a_tenant_and_three_are_not(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(SCORER)
    answers: Answers = [
        *[_posted("ten_1", "multi_ref", right=False)] * 2,
        *[_posted("ten_2", "multi_ref", right=False)] * 3,
    ]
    found = results(scorer(tmp_path / "score.py"), [answers], "one fold")
    (bad,) = [each for each in found if each.what.startswith("tenants")]
    assert bad.value == 1


def test_every_tenant_is_held_back_once(tmp_path: Path) -> None:
    generate(tmp_path, seed=5, tenants=2, lines=200)
    folds = list(held_back(tmp_path, 2, (), 0.03))
    held = [{truth["tenant_id"] for truth, _ in each} for each in folds]
    assert held == [{each} for each in tenants_of(tmp_path)]
    assert all(
        said["transaction_id"] == truth["transaction_id"] for each in folds for truth, said in each
    )
