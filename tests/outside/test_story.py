"""The main job by somebody who has only the key, /openapi.json and the contract's pages."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from payymo_api.local.home import discard
from tests.outside.client import Outsider
from tests.outside.hook import Hook, documented_verify
from tests.webhooks.libraries import LIBRARIES, Delivery

_PATIENCE = 60.0
STATEMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId><CreDtTm>2026-09-02T06:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><CreDtTm>2026-09-02T06:00:00Z</CreDtTm>
<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">0.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-09-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">812.34</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-09-01</Dt></Dt></Bal>
<Ntry><Amt Ccy="EUR">812.34</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-09-01</Dt></BookgDt><ValDt><Dt>2026-09-01</Dt></ValDt>
<AcctSvcrRef>OUTSIDE-1</AcctSvcrRef><BkTxCd/>
<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
<RltdPties><Dbtr><Pty><Nm>Nordwind GmbH</Nm></Pty></Dbtr></RltdPties>
<RmtInf><Ustrd>Rechnung OUT-2026-7</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


@dataclass(frozen=True, slots=True)
class Printed:
    """What `payymo dev` tells whoever starts it."""

    key: str
    base_url: str


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Printed]:
    """`payymo dev` as its own process, from an empty folder to Ctrl-C."""
    folder = tmp_path / "payymo"
    command = [sys.executable, "-u", "-m", "payymo_api", "dev", "--folder", str(folder)]
    running = subprocess.Popen(  # noqa: S603  our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield _printed(running)
    finally:
        running.terminate()
        running.communicate(timeout=60)
        discard(folder)


def _printed(running: "subprocess.Popen[str]") -> Printed:
    told: dict[str, str] = {}
    assert running.stdout
    for line in running.stdout:
        name, _, value = line.partition(":")
        told[name] = value.strip()
        if line.startswith("Ctrl-C"):
            return Printed(told["API key"], told["Swagger UI"].removesuffix("/docs"))
    raise AssertionError(f"payymo dev ended: {told}")


def _until(holds: Callable[[], Any]) -> Any:  # noqa: ANN401  what it was waiting for
    end = time.monotonic() + _PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return found


def test_an_outsider_takes_money_from_bank_to_signed_webhook(dev: Printed) -> None:
    outsider = Outsider.at(dev.base_url, dev.key)
    with closing(outsider.http), Hook() as hook:
        endpoint = outsider.call(
            "create_webhook_endpoint", {"url": f"{hook.url}/events", "event_types": ["*"]}
        )
        imported = _invoice_is_paid_by_a_statement_line(outsider)
        connection = _a_bank_is_connected(outsider, hook)
        by_hand = _a_line_of_the_feed_is_matched_by_hand(outsider, connection)
        assert outsider.call("get_status")
        events = {"bank_connection.created", "transactions.imported", "transaction.matched"}
        _until(lambda: events | {"invoice.paid"} <= {row["event_type"] for row in _told(outsider)})
        _until(lambda: not outsider.every("list_webhook_deliveries", status="pending"))
        _every_event_came_signed(outsider, hook, endpoint["secret"])
        _every_event_is_as_announced(outsider, hook)
        outsider.call("undo_match", match_id=by_hand)
        assert outsider.call("get_invoice", invoice_id=imported)["status"] == "paid"


def _invoice_is_paid_by_a_statement_line(outsider: Outsider) -> str:
    customer = outsider.call("create_customer", {"name": "Nordwind GmbH", "country": "DE"})
    invoice = outsider.call(
        "create_invoice",
        {
            "number": "OUT-2026-7",
            "customer_id": customer["id"],
            "issued_on": "2026-08-20",
            "amount": "812.34",
            "currency": "EUR",
        },
    )
    account = outsider.call(
        "create_bank_account",
        {"name": "Girokonto", "iban": "DE89370400440532013000", "currency": "EUR"},
    )
    form = {"data": {"account_id": account["id"]}, "files": {"file": ("s.xml", STATEMENT)}}
    assert outsider.call("import_transactions", form=form)["added"] == 1
    id: str = invoice["id"]
    _until(lambda: outsider.call("get_invoice", invoice_id=id)["status"] == "paid")
    (line,) = outsider.every("list_transactions", account_id=account["id"])
    assert (line["amount_minor"], line["match_state"]) == (81234, "matched")
    return id


def _a_bank_is_connected(outsider: Outsider, hook: Hook) -> str:
    """The account holder presses the button on the bank's page, as a browser would."""
    bank = outsider.every("list_institutions", country="GB")[0]
    asked = outsider.call(
        "create_bank_connection", {"institution_id": bank["id"], "redirect_url": hook.url}
    )
    assert asked["status"] == "pending"
    page = httpx.get(asked["authorization_url"], trust_env=False)
    assert 'name="approve"' in page.text
    back = httpx.post(
        asked["authorization_url"], data={"approve": "1"}, follow_redirects=True, trust_env=False
    )
    assert back.url.params["status"] == "active"
    id: str = asked["id"]
    _until(
        lambda: outsider.call("get_bank_connection", connection_id=id)["last_synced_at"] is not None
    )
    return id


def _a_line_of_the_feed_is_matched_by_hand(outsider: Outsider, connection: str) -> str:
    lines = outsider.every("list_transactions", connection_id=connection, direction="in")
    line = next(row for row in lines if row["status"] == "booked")
    invoice = outsider.call(
        "create_invoice",
        {
            "number": "BY-HAND-1",
            "issued_on": line["booked_on"],
            "amount_minor": line["amount_minor"],
            "currency": line["currency"],
        },
    )
    allocation = {
        "transaction_id": line["id"],
        "document_type": "invoice",
        "document_id": invoice["id"],
        "amount_minor": line["amount_minor"],
    }
    match = outsider.call("create_match", {"allocations": [allocation]})
    assert outsider.call("get_invoice", invoice_id=invoice["id"])["open_minor"] == 0
    id: str = match["id"]
    return id


def _told(outsider: Outsider) -> list[Any]:
    return outsider.every("list_events")


def _every_event_came_signed(outsider: Outsider, hook: Hook, secret: str) -> None:
    """Each documented way accepts each post, and none that is changed, old or another's."""
    came = [Delivery(secret, post.headers, post.body) for post in list(hook.posts)]
    forged = [replace(each, body=each.body.replace(b"tenant_", b"tenant-", 1)) for each in came]
    by_recipe = documented_verify()
    assert all(by_recipe(secret, each.headers, each.body) for each in came)
    assert not any(by_recipe(secret, each.headers, each.body) for each in forged)
    stale = {"webhook-timestamp": str(int(time.time()) - 600)}
    old = [replace(each, headers={**each.headers, **stale}) for each in came]
    anothers = [replace(each, secret=f"whsec_{'A' * 43}=") for each in came]
    for accepted in LIBRARIES.values():
        assert all(accepted(came))
        assert not any(accepted([*forged, *old, *anothers]))
    rows = outsider.every("list_webhook_deliveries", status="delivered")
    assert {json.loads(each.body)["id"] for each in came} == {row["event_id"] for row in rows}


def _every_event_is_as_announced(outsider: Outsider, hook: Hook) -> None:
    """An event fits the schema that GET /event_types gives, and has what the example shows."""
    types = {each["name"]: each for each in outsider.call("list_event_types")["data"]}
    for post in list(hook.posts):
        event = json.loads(post.body)
        announced = types[event["event_type"]]
        Draft202012Validator(announced["schema"]).validate(event["data"])
        assert announced["example"].keys() == event["data"].keys(), event["event_type"]
