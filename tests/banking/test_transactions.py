import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from payymo_api.core.clock import now
from tests.banking.conftest import ACCOUNTS, TRANSACTIONS, Office
from tests.banking.statements.samples import camt, entry, payment
from tests.banking.test_importing import make_account, put
from tests.conftest import Someone


@pytest.fixture
async def account(office: Office) -> str:
    """Four lines: 100.00 in with a payer, 7.25 and 0.99 out, 12.50 EUR in, on three days."""
    account = await make_account(office.client)
    file = camt(
        entry("100.00", details=payment(), booked="<Dt>2026-09-30</Dt>"),
        entry("7.25", direction="DBIT", more="<AddtlNtryInf>100% wool_en</AddtlNtryInf>"),
        entry("0.99", direction="DBIT", booked="<Dt>2026-10-05</Dt>"),
        entry("12.50", currency="EUR"),
    )
    assert (await put(office.client, file)).json()["added"] == 4
    return account


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ({}, [-99, 1250, -725, 10000]),
        ({"sort": "booked_on"}, [10000, -725, 1250, -99]),
        ({"direction": "in"}, [1250, 10000]),
        ({"direction": "out"}, [-99, -725]),
        ({"currency": "EUR"}, [1250]),
        ({"min_amount_minor": 0}, [1250, 10000]),
        ({"max_amount_minor": -100}, [-725]),
        ({"date_from": "2026-10-01"}, [-99, 1250, -725]),
        ({"date_to": "2026-09-30"}, [10000]),
        ({"status": "pending"}, []),
        ({"match_state": "matched"}, []),
        ({"q": "harbour LIGHTS"}, [10000]),
        ({"q": "100%"}, [-725]),
        ({"q": "%"}, [-725]),
        ({"q": "_"}, [-725]),
        ({"category": "travel"}, []),
    ],
)
async def test_filters_narrow_the_list(
    office: Office, account: str, query: Mapping[str, Any], amounts: list[int]
) -> None:
    found = await office.get(TRANSACTIONS, **query)

    by_day = [each["amount_minor"] for each in found["data"]]
    assert sorted(by_day) == sorted(amounts)
    days = [each["booked_on"] for each in found["data"]]
    assert days == sorted(days, reverse=query.get("sort") != "booked_on")
    everything = {"account_id": account, "updated_since": "2026-01-01T00:00:00Z"}
    assert len((await office.get(TRANSACTIONS, **query, **everything))["data"]) == len(amounts)


async def test_pages_follow_the_day_and_miss_nothing(office: Office, account: str) -> None:
    for sort in ("booked_on", "-booked_on"):
        seen: list[str] = []
        cursor: str | None = None
        while cursor is not None or not seen:
            query = {"cursor": cursor} if cursor else {}
            page = await office.get(TRANSACTIONS, limit=1, sort=sort, **query)
            seen += [each["id"] for each in page["data"]]
            cursor = page["next_cursor"]
        assert len(seen) == len(set(seen)) == 4


async def test_a_line_shows_its_money_exactly_and_raw_on_request(
    office: Office, account: str
) -> None:
    line = (await office.get(TRANSACTIONS, q="harbour"))["data"][0]
    text = (await office.client.get(f"{TRANSACTIONS}/{line['id']}")).text
    raw = await office.get(f"{TRANSACTIONS}/{line['id']}", include="raw")

    assert '"amount":100.00,"amount_minor":10000,"currency":"GBP"' in text
    assert line["raw"] is None
    assert raw["raw"]
    assert (line["account_id"], line["connection_id"]) == (account, None)
    assert line["counterparty"]["name"] == "Harbour Lights Ltd"
    assert (line["match_state"], line["settled_minor"]) == ("unmatched", 0)


async def test_category_and_note_are_replaced_and_told(office: Office, account: str) -> None:
    url = f"{TRANSACTIONS}/{(await office.lines())[0]['id']}"
    read = await office.client.get(url)

    set_ = await office.client.put(url, json={"category": "office", "note": "ask Ann"})
    stale = await office.client.put(url, json={}, headers={"If-Match": read.headers["ETag"]})
    same = await office.client.put(url, json={"category": "office", "note": "ask Ann"})
    emptied = await office.client.put(url, json={})

    assert (set_.json()["category"], set_.json()["category_source"]) == ("office", "user")
    assert stale.status_code == 412
    assert same.json() == set_.json()
    assert (emptied.json()["category"], emptied.json()["note"]) == (None, None)
    told = [json.loads(each.data or "") for each in await office.events("transaction.updated")]
    assert [each["category"] for each in told] == ["office", None]


async def test_the_bank_telling_a_line_again_keeps_its_category(office: Office) -> None:
    office.institution = "KURZBANK_KRZBATWW"
    made = await office.connect()
    line = (await office.lines(status="booked"))[0]
    await office.client.put(f"{TRANSACTIONS}/{line['id']}", json={"category": "office"})

    await office.refresh(made)

    assert (await office.get(f"{TRANSACTIONS}/{line['id']}"))["category"] == "office"


async def test_a_batch_has_a_result_for_each_row(
    office: Office, account: str, stranger: Someone
) -> None:
    first, second, *_ = [each["id"] for each in await office.lines()]
    await make_account(stranger.client)
    await put(stranger.client, camt(entry()))
    foreign = (await stranger.client.get(TRANSACTIONS)).json()["data"][0]["id"]
    rows = [{"id": id, "category": "travel"} for id in (first, foreign, second)]

    answer = await office.client.post(f"{TRANSACTIONS}/batch", json={"rows": rows})
    again = await office.client.post(f"{TRANSACTIONS}/batch", json={"rows": rows})

    told = [each["status"] for each in answer.json()["results"]]
    assert told == ["updated", "error", "updated"], answer.text
    assert [each["status"] for each in again.json()["results"]] == [
        "unchanged",
        "error",
        "unchanged",
    ]
    assert len(await office.lines(category="travel")) == 2
    line = (await stranger.client.get(f"{TRANSACTIONS}/{foreign}")).json()
    assert line["category"] is None


async def test_sums_are_exact_per_currency_category_and_period(
    office: Office, account: str
) -> None:
    line = (await office.get(TRANSACTIONS, q="harbour"))["data"][0]
    await office.client.put(f"{TRANSACTIONS}/{line['id']}", json={"category": "sales"})

    found = await office.get(f"{TRANSACTIONS}/stats")
    weeks = await office.get(f"{TRANSACTIONS}/stats", period="week", currency="GBP")

    sums = {
        each["currency"]: [
            each["count"],
            *(each[name]["amount_minor"] for name in ("money_in", "money_out", "net")),
        ]
        for each in found["currencies"]
    }
    assert sums == {"EUR": [1, 1250, 0, 1250], "GBP": [3, 10000, -824, 9176]}
    assert {(e["category"], e["net"]["amount_minor"]) for e in found["by_category"]} == {
        ("sales", 10000),
        (None, -824),
        (None, 1250),
    }
    assert [(e["starts_on"], e["count"]) for e in weeks["by_period"]] == [
        ("2026-09-28", 2),
        ("2026-10-05", 1),
    ]
    assert found["matched"] == {"count": 4, "matched_count": 0, "ratio": 0}


async def test_the_time_zone_decides_today_and_shifts_no_booking(
    office: Office, account: str
) -> None:
    east = await office.get(f"{TRANSACTIONS}/stats", time_zone="Pacific/Kiritimati", period="day")
    west = await office.get(f"{TRANSACTIONS}/stats", time_zone="Pacific/Pago_Pago", period="day")
    unknown = await office.client.get(
        f"{TRANSACTIONS}/stats", params={"time_zone": "../etc/passwd"}
    )

    assert east["today"] > west["today"]
    assert east["by_period"] == west["by_period"]
    assert (unknown.status_code, unknown.json()["code"]) == (422, "validation_failed")


async def test_the_feed_follows_from_its_cursor(office: Office, account: str) -> None:
    first = await office.get(f"{TRANSACTIONS}/sync", limit=3)
    rest = await office.get(f"{TRANSACTIONS}/sync", cursor=first["next_cursor"])
    line = first["added"][0]["id"]
    await office.client.put(f"{TRANSACTIONS}/{line}", json={"note": "seen"})

    news = await office.get(f"{TRANSACTIONS}/sync", cursor=rest["next_cursor"])
    nothing = await office.get(f"{TRANSACTIONS}/sync", cursor=news["next_cursor"])

    assert (len(first["added"]), first["has_more"], len(rest["added"])) == (3, True, 1)
    assert [each["id"] for each in news["modified"]] == [line]
    assert (nothing["added"], nothing["modified"], nothing["removed"]) == ([], [], [])


async def test_an_account_is_made_once(office: Office, account: str) -> None:
    again = await office.client.post(
        ACCOUNTS, json={"name": "x", "iban": "GB33 BUKB 2020 1555 5555 55", "currency": "GBP"}
    )
    unnamed = await office.client.post(ACCOUNTS, json={"name": "x", "currency": "GBP"})

    assert (again.status_code, again.json()["code"]) == (409, "account_exists")
    assert account in again.json()["detail"]
    assert unnamed.status_code == 422
    listed: httpx.Response = await office.client.get(ACCOUNTS)
    assert [each["status"] for each in listed.json()["data"]] == ["no_feed"]


async def test_only_what_changed_since_is_listed(office: Office, account: str) -> None:
    later = (now() + timedelta(minutes=5)).isoformat()
    assert (await office.get(TRANSACTIONS, updated_since=later))["data"] == []
