"""A file and a feed of one account never both count, whichever comes first."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

import httpx
import pytest

from payymo_api.banking.rules.line import RANKS, Source
from payymo_api.core.clock import now
from payymo_api.core.money import decimal_text
from tests.banking.conftest import TRANSACTIONS, Office
from tests.banking.statements.samples import camt, entry, mt940, ofx, ofx_line
from tests.banking.test_importing import make_account
from tests.banking.test_syncing import iban, line

__all__ = ["iban"]

IMPORT = f"{TRANSACTIONS}/import"
FORMATS = ("camt", "mt940", "ofx", "csv")
every_format = pytest.mark.parametrize("kind", FORMATS)


@dataclass(frozen=True)
class Told:
    days_ago: int
    minor: int
    words: str

    @property
    def day(self) -> date:
        return (now() - timedelta(days=self.days_ago)).date()

    @property
    def amount(self) -> str:
        return decimal_text(self.minor, "EUR")

    def of_feed(self) -> dict[str, Any]:
        return line(self.amount, self.days_ago, f"Feed says {self.words}")


OPENS = Told(12, 100, "opens")
CLOSES = Told(1, 200, "closes")
"""The feed's first and last day prove nothing, so the others stand between."""
SHARED = [
    Told(8, -250, "COFFEE"),
    Told(8, -250, "COFFEE"),
    Told(6, 123450, "INV 7"),
    Told(4, -999, "RENT"),
]


def file_of(kind: str, iban: str, told: list[Told]) -> bytes:
    """Write the lines in another order, and with other words than the feed's."""
    lines = sorted(told, key=lambda each: (each.day, each.minor))
    if kind == "camt":
        entries = [
            entry(
                each.amount.lstrip("-"),
                currency="EUR",
                direction="DBIT" if each.minor < 0 else "CRDT",
                booked=f"<Dt>{each.day}</Dt>",
                more=f"<AddtlNtryInf>{each.words}</AddtlNtryInf>",
            )
            for each in lines
        ]
        return camt(*entries, account=f"<Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy>")
    if kind == "mt940":
        rows = [row for each in lines for row in _mt940_rows(each)]
        closing = decimal_text(100000 + sum(each.minor for each in told), "EUR").replace(".", ",")
        return mt940(*rows, account=iban, closing=f"C261002EUR{closing}")
    if kind == "ofx":
        entries_ = [
            ofx_line(each.amount, day=f"{each.day:%Y%m%d}", name=each.words, fitid=str(at))
            for at, each in enumerate(lines)
        ]
        return ofx(*entries_, currency="EUR", account=iban)
    rows = [f"{each.day:%d.%m.%Y};{each.amount.replace('.', ',')};{each.words}" for each in lines]
    return "\n".join([iban, "Datum;Betrag;Text", *rows, ""]).encode()


def _mt940_rows(told: Told) -> list[str]:
    sign = "D" if told.minor < 0 else "C"
    amount = told.amount.lstrip("-").replace(".", ",")
    return [f":61:{told.day:%y%m%d}{told.day:%m%d}{sign}{amount}NTRFNONREF", f":86:{told.words}"]


async def put(client: httpx.AsyncClient, kind: str, content: bytes) -> dict[str, Any]:
    mapping = {"delimiter": ";", "date_order": "dmy", "decimal": ",", "booked_on": "Datum"}
    mapping |= {"amount": "Betrag", "description": ["Text"]}  # type: ignore[dict-item]  # JSON
    form = {"mapping": json.dumps(mapping)} if kind == "csv" else {}
    answer = await client.post(IMPORT, files={"file": (f"a.{kind}", content)}, data=form)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["imports"]
    return found  # type: ignore[no-any-return]  # JSON


def amounts(lines: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return sorted((each["booked_on"], each["amount_minor"]) for each in lines)


def expected(*told: Told) -> list[tuple[str, int]]:
    return sorted((each.day.isoformat(), each.minor) for each in told)


def test_every_source_has_a_rank() -> None:
    assert sorted(RANKS) == sorted(get_args(Source))


@every_format
async def test_the_feed_first_then_the_file(office: Office, iban: str, kind: str) -> None:
    alone_in_file, alone_in_feed = Told(5, -4242, "FEE"), Told(7, 777, "REFUND")
    told = [OPENS, *SHARED, alone_in_feed, CLOSES]
    await office.say_lines(iban, *[each.of_feed() for each in told])
    made = await office.connect()

    found = await put(office.client, kind, file_of(kind, iban, [*SHARED, alone_in_file]))

    assert (found["read"], found["paired"], found["added"]) == (5, 4, 1)
    assert found["flagged_count"] == 2
    assert {(each["reason"], each["amount_minor"]) for each in found["flagged"]} == {
        ("not_in_feed", -4242),
        ("not_in_file", 777),
    }
    assert [each["code"] for each in found["warnings"]] == ["not_in_feed", "not_in_file"]
    assert amounts(await office.lines()) == expected(*told, alone_in_file)
    await office.refresh(made)
    again = await put(office.client, kind, file_of(kind, iban, [*SHARED, alone_in_file]))
    assert (again["added"], again["modified"]) == (0, 0)
    assert amounts(await office.lines()) == expected(*told, alone_in_file)


@every_format
async def test_the_file_first_then_the_feed(office: Office, iban: str, kind: str) -> None:
    alone_in_file, alone_in_feed = Told(5, -4242, "FEE"), Told(7, 777, "REFUND")
    await make_account(office.client, iban, "EUR")
    first = await put(office.client, kind, file_of(kind, iban, [*SHARED, alone_in_file]))
    before = {each["id"] for each in await office.lines()}

    told = [OPENS, *SHARED, alone_in_feed, CLOSES]
    await office.say_lines(iban, *[each.of_feed() for each in told])
    made = await office.connect()

    assert (first["added"], first["flagged"]) == (5, [])
    after = await office.lines()
    assert amounts(after) == expected(*told, alone_in_file)
    assert before <= {each["id"] for each in after}
    (run,) = await office.runs(made)
    assert (run["paired"], run["added"]) == (4, 3)
    (warning,) = run["warnings"]
    assert warning["code"] == "not_in_feed"
    assert f"{alone_in_file.day} -42.42 EUR" in warning["detail"]
    again = await put(office.client, kind, file_of(kind, iban, [*SHARED, alone_in_file]))
    assert (again["added"], again["duplicates"]) == (0, 5)


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
async def test_files_of_two_formats_do_not_both_count(
    office: Office, iban: str, first: str, second: str
) -> None:
    await make_account(office.client, iban, "EUR")
    await put(office.client, first, file_of(first, iban, SHARED))

    found = await put(office.client, second, file_of(second, iban, [*SHARED, CLOSES]))

    assert (found["read"], found["added"]) == (5, 1)
    assert found["duplicates" if first == second else "paired"] == 4
    assert amounts(await office.lines()) == expected(*SHARED, CLOSES)


async def test_a_line_that_two_formats_date_differently_is_flagged_on_both_days(
    office: Office, iban: str
) -> None:
    """By posting in the one, by purchase in the other: nobody guesses that they are one."""
    await make_account(office.client, iban, "EUR")
    await put(office.client, "ofx", file_of("ofx", iban, SHARED))
    moved = Told(5, -999, "RENT")

    found = await put(office.client, "csv", file_of("csv", iban, [*SHARED[:3], moved, CLOSES]))

    assert {(each["reason"], each["booked_on"]) for each in found["flagged"]} == {
        ("not_in_other_file", moved.day.isoformat()),
        ("not_in_file", SHARED[3].day.isoformat()),
    }
    assert [each["code"] for each in found["warnings"]] == ["not_in_other_file", "not_in_file"]


async def test_a_download_whose_ids_were_given_anew_does_not_count_twice(
    office: Office, iban: str
) -> None:
    """Some banks number the lines of each OFX download from one."""
    await make_account(office.client, iban, "EUR")
    await put(office.client, "ofx", file_of("ofx", iban, SHARED))

    found = await put(office.client, "ofx", file_of("ofx", iban, [*SHARED, OPENS]))

    assert (found["added"], found["modified"] + found["duplicates"]) == (1, 4)
    assert amounts(await office.lines()) == expected(*SHARED, OPENS)
