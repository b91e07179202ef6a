"""A made-up data set keeps the rules that its truth claims; read here from its files alone."""

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from benchmarks.matching.files import NAMES
from benchmarks.matching.generate import generate
from benchmarks.matching.life import WEIGHTS

Row = dict[str, Any]
LINES = 4000
EVENTS = {"stripe_payout", "stripe_negative", "dd_batch", "feed_duplicate"}


@dataclass(frozen=True)
class DataSet:
    folder: Path

    def rows(self, name: str) -> list[Row]:
        with gzip.open(self.folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    @cached_property
    def documents(self) -> dict[str, Row]:
        return {row["id"]: row for row in self.rows("invoices")}

    @cached_property
    def truth(self) -> dict[str, Row]:
        return {row["transaction_id"]: row for row in self.rows("truth")}

    @cached_property
    def decided(self) -> list[tuple[Row, list[Row]]]:
        """Every line of the year with its right allocations, in the order of their days."""
        past = [(row, row["confirmed"]["allocations"]) for row in self.rows("history")]
        later = [(row, self.truth[row["id"]]["allocations"]) for row in self.rows("transactions")]
        return past + later


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    folder = tmp_path_factory.mktemp("data")
    generate(folder, seed=3, tenants=8, lines=LINES)
    return DataSet(folder)


def minor(text: str) -> int:
    return int(text.replace(".", ""))


def settled(allocation: Row) -> int:
    """What a document loses by an allocation, in the document's currency."""
    if "invoice_amount" in allocation:
        return minor(allocation["invoice_amount"])
    amount = minor(allocation["amount"])
    if allocation["type"] == "credit_note":
        return abs(amount)
    return amount + minor(allocation.get("write_off", "0.00"))


def documents_of(allocations: list[Row]) -> list[Row]:
    return [each for each in allocations if each["type"] in ("invoice", "credit_note")]


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for folder, seed in (("one", 5), ("two", 5), ("other", 6)):
        generate(tmp_path / folder, seed=seed, tenants=2, lines=200)

    def read(folder: str) -> list[bytes]:
        return [(tmp_path / folder / f"{name}.jsonl.gz").read_bytes() for name in NAMES]

    assert read("one") == read("two")
    assert not set(read("one")) & set(read("other"))


def test_holds_about_as_many_lines_as_asked_for(data_set: DataSet) -> None:
    assert LINES * 0.9 < len(data_set.truth) < LINES * 1.1
    assert len(data_set.rows("transactions")) == len(data_set.truth)


def test_a_tenant_of_any_size_has_the_same_lines(tmp_path: Path) -> None:
    sizes = {"small": 300, "large": 900}
    for folder, count in sizes.items():
        generate(tmp_path / folder, seed=5, tenants=1, lines=200, open_invoices=count)
    small, large = DataSet(tmp_path / "small"), DataSet(tmp_path / "large")
    for name in ("history", "transactions", "truth"):
        assert small.rows(name) == large.rows(name)
    assert len(large.documents) - len(small.documents) == 600
    numbers = [row["number"] for row in large.documents.values()]
    assert len(numbers) == len(set(numbers))


def test_every_case_occurs(data_set: DataSet) -> None:
    found = {row["case"] for row in data_set.truth.values()}
    assert found == WEIGHTS.keys() | EVENTS


def test_no_id_occurs_twice(data_set: DataSet) -> None:
    for name in ("customers", "invoices", "stripe_payouts", "history", "transactions"):
        ids = [row["id"] for row in data_set.rows(name)]
        assert len(ids) == len(set(ids))


def test_a_tenant_gives_no_number_twice(data_set: DataSet) -> None:
    given = Counter((row["tenant_id"], row["number"]) for row in data_set.documents.values())
    assert given.most_common(1)[0][1] == 1


def test_allocations_add_up_to_their_line(data_set: DataSet) -> None:
    for line, allocations in data_set.decided:
        if allocations[0]["type"] != "none":
            paid = minor(line["transaction"]["transactionAmount"]["amount"])
            assert sum(minor(each["amount"]) for each in allocations) == paid


def test_nothing_is_paid_before_it_is_billed(data_set: DataSet) -> None:
    created = {row["id"]: row["created"] for row in data_set.rows("stripe_payouts")}
    for line, allocations in data_set.decided:
        for each in allocations:
            if each["type"] in ("invoice", "credit_note"):
                issued = data_set.documents[each["id"]]["issue_date"]
                assert issued <= line["received_on"]
            if each["type"] == "payout":
                assert created[each["id"]] <= line["received_on"]


def test_lines_are_told_in_the_order_of_their_days(data_set: DataSet) -> None:
    days = [line["received_on"] for line, _ in data_set.decided]
    assert days == sorted(days)


def test_no_document_is_settled_beyond_its_amount(data_set: DataSet) -> None:
    paid: Counter[str] = Counter()
    for _, allocations in data_set.decided:
        for each in documents_of(allocations):
            paid[each["id"]] += settled(each)
            assert 0 <= paid[each["id"]] <= minor(data_set.documents[each["id"]]["amount"])


def test_what_is_told_as_open_is_what_history_left(data_set: DataSet) -> None:
    paid: Counter[str] = Counter()
    for line in data_set.rows("history"):
        for each in documents_of(line["confirmed"]["allocations"]):
            paid[each["id"]] += settled(each)
    for row in data_set.documents.values():
        if row["collection_method"] != "card":
            assert minor(row["amount_open"]) == minor(row["amount"]) - paid[row["id"]]


def test_only_lines_that_belong_nowhere_are_to_be_left_alone(data_set: DataSet) -> None:
    for row in data_set.truth.values():
        belongs = row["allocations"][0]["type"] != "none"
        assert belongs == (row["resolvable"] != "none")


def test_payouts_are_the_sum_of_what_they_are_made_of(data_set: DataSet) -> None:
    for row in data_set.rows("stripe_payouts"):
        entries = row["balance_transactions"]
        assert sum(each["net"] for each in entries) == row["amount"]
        assert all(each["amount"] - each["fee"] == each["net"] for each in entries)


def test_a_fed_duplicate_repeats_a_line_of_the_days_before(data_set: DataSet) -> None:
    by_reference = defaultdict(list)
    for line, _ in data_set.decided:
        reference = line["transaction"].get("entryReference")
        by_reference[line["tenant_id"], reference].append(line["received_on"])
    for line in data_set.rows("transactions"):
        if data_set.truth[line["id"]]["case"] == "feed_duplicate":
            days = by_reference[line["tenant_id"], line["transaction"]["entryReference"]]
            assert min(days) < line["received_on"]


def test_account_numbers_have_their_check_digits(data_set: DataSet) -> None:
    numbers = [row["iban"] for row in data_set.rows("customers") if row["iban"]]
    assert numbers
    for number in numbers:
        moved = number[4:] + number[:4]
        assert int("".join(str(int(each, 36)) for each in moved)) % 97 == 1
