"""The wire itself: keys, accounts, forms, idempotency, versions, errors."""

import httpx
import pytest

from payymo_api.sandbox.stripe.platform import LIVE_KEY, PUBLISHABLE_KEY
from tests.sandbox.stripe.conftest import RETURN_URL, Api

PAYMENT = {"amount": 1000, "currency": "gbp"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Authorization": ""}, "did not provide"),
        (bearer("sk_test_of_nobody_at_all"), "Invalid API Key provided: sk_test_****_all"),
        ({"Authorization": "Basic !"}, "did not provide"),
        (bearer(PUBLISHABLE_KEY), "publishable"),
    ],
)
async def test_asks_for_a_secret_key(api: Api, headers: dict[str, str], said: str) -> None:
    answer = await api.send("GET", "customers", headers)
    assert answer.status_code == 401
    assert said in answer.json()["error"]["message"]


async def test_takes_the_key_as_a_user_name_too(api: Api) -> None:
    basic = httpx.BasicAuth("sk_test_sandbox", "")
    assert (await api.client.get("/v1/customers", auth=basic)).is_success


async def test_a_restricted_key_may_do_what_it_was_given(
    api: Api, control: httpx.AsyncClient
) -> None:
    asked = {"permissions": {"customers": "write", "charges": "read"}}
    key = bearer((await control.post("/stripe/keys", json=asked)).json()["key"])
    assert (await api.send("POST", "customers", key)).is_success
    assert (await api.send("GET", "charges", key)).is_success
    for method, path in (("POST", "charges/ch_1"), ("GET", "payouts")):
        refused = await api.send(method, path, key)
        assert refused.status_code == 403
        assert "rak_" in refused.json()["error"]["message"]


async def test_a_revoked_key_opens_nothing(api: Api, control: httpx.AsyncClient) -> None:
    key = (await control.post("/stripe/keys", json={"kind": "sk"})).json()["key"]
    assert (await api.send("GET", "customers", bearer(key))).is_success
    await control.delete(f"/stripe/keys/{key}")
    assert (await api.send("GET", "customers", bearer(key))).status_code == 401


async def test_live_and_test_objects_do_not_meet(api: Api) -> None:
    made = await api.post("customers")
    assert made["livemode"] is False
    assert (await api.send("GET", f"customers/{made['id']}", bearer(LIVE_KEY))).status_code == 404
    assert (await api.send("POST", "customers", bearer(LIVE_KEY))).json()["livemode"] is True


async def test_works_in_the_name_of_a_connected_account(api: Api) -> None:
    account = (await api.post("accounts"))["id"]
    acting = {"Stripe-Account": account}
    made = await api.send("POST", "customers", acting)
    assert made.headers["stripe-account"] == account
    assert (await api.send("GET", "customers", acting)).json()["data"] == [made.json()]
    assert (await api.get("customers"))["data"] == []
    refused = await api.send("GET", "customers", {"Stripe-Account": "acct_stranger"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_invalid")


async def test_reads_bracketed_forms(api: Api) -> None:
    content = "metadata[a]=1&metadata[0]=x&preferred_locales[]=en&preferred_locales[]=de&name=A%20B"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.client.post("/v1/customers", content=content, headers=kind)
    made = answer.raise_for_status().json()
    assert made["metadata"] == {"a": "1", "0": "x"}
    assert made["preferred_locales"] == ["en", "de"]
    assert made["name"] == "A B"


async def test_an_empty_text_unsets(api: Api) -> None:
    made = await api.post("customers", name="A", metadata={"a": "1", "b": "2"})
    changed = await api.post(f"customers/{made['id']}", name="", metadata={"a": ""})
    assert (changed["name"], changed["metadata"]) == (None, {"b": "2"})
    assert (await api.post(f"customers/{made['id']}", metadata=""))["metadata"] == {}


@pytest.mark.parametrize(
    ("values", "code", "param"),
    [
        ({"amount": 1000}, "parameter_missing", "currency"),
        ({"currency": "gbp"}, "parameter_missing", "amount"),
        (PAYMENT | {"amount": "10.00"}, "parameter_invalid_integer", "amount"),
        (PAYMENT | {"amount": 1}, "amount_too_small", "amount"),
        (PAYMENT | {"colour": "red"}, "parameter_unknown", "colour"),
        (PAYMENT | {"customer": "cus_none"}, "resource_missing", "customer"),
        (PAYMENT | {"metadata": {"a" * 41: "b"}}, None, f"metadata[{'a' * 41}]"),
        (PAYMENT | {"expand": ["payment_method.nothing"]}, None, None),
    ],
)
async def test_names_the_parameter_that_is_wrong(
    api: Api, values: dict[str, object], code: str | None, param: str | None
) -> None:
    answer = await api.send("POST", "payment_intents", **values)
    if code is None and param is None:
        assert answer.is_success  # a path below null stays null
        return
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error["param"]) == (code, param)


@pytest.mark.parametrize("path", ["customers/cus_none", "payment_intents/pi_none", "nothing"])
async def test_what_is_not_there_is_a_404(api: Api, path: str) -> None:
    answer = await api.send("GET", path)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_refuses_to_expand_what_is_no_object(api: Api) -> None:
    made = await api.post("customers", name="A")
    for path in ("name", "nothing", "a.b.c.d.e"):
        answer = await api.send("GET", f"customers/{made['id']}", expand=[path])
        assert answer.json()["error"]["param"] == "expand"


async def test_says_which_version_it_answered_in(api: Api) -> None:
    assert (await api.send("GET", "customers")).headers["stripe-version"] == "2026-10-28.endive"
    older = {"Stripe-Version": "2026-06-24.dahlia"}
    assert (await api.send("GET", "customers", older)).headers["stripe-version"].endswith("dahlia")
    assert (await api.send("GET", "customers", {"Stripe-Version": "new"})).status_code == 400


async def test_gives_the_first_answer_again(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    first = await api.send("POST", "payment_intents", key, **PAYMENT)
    again = await api.send("POST", "payment_intents", key, **PAYMENT)
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request"] == first.headers["request-id"]
    assert again.headers["request-id"] != first.headers["request-id"]


async def test_a_decline_is_remembered_and_a_mistake_is_not(api: Api) -> None:
    key = {"Idempotency-Key": "two"}
    assert (await api.send("POST", "payment_intents", key, amount="x")).status_code == 400
    declined = PAYMENT | {"confirm": True, "return_url": RETURN_URL}
    declined |= {"payment_method": "pm_card_chargeDeclined"}
    for replayed in (None, "true"):
        answer = await api.send("POST", "payment_intents", key, **declined)
        assert answer.status_code == 402
        assert answer.headers.get("idempotent-replayed") == replayed
    assert len((await api.get("charges"))["data"]) == 1


async def test_a_key_belongs_to_its_parameters_its_account_and_a_day(
    api: Api, control: httpx.AsyncClient
) -> None:
    key = {"Idempotency-Key": "three"}
    first = await api.send("POST", "customers", key, name="A")
    other = await api.send("POST", "customers", key, name="B")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    account = (await api.post("accounts"))["id"]
    assert (await api.send("POST", "customers", key | {"Stripe-Account": account})).is_success
    await control.put("/clock", json={"advance_seconds": 86_401})
    later = await api.send("POST", "customers", key, name="A")
    assert later.json()["id"] != first.json()["id"]


async def test_a_page_knows_one_payment_by_its_secret(api: Api) -> None:
    made = await api.post("payment_intents", **PAYMENT)
    path, key = f"payment_intents/{made['id']}", bearer(PUBLISHABLE_KEY)
    assert (await api.send("GET", path, key, client_secret="guess")).status_code == 404
    shown = await api.send("GET", path, key, client_secret=made["client_secret"])
    assert shown.json()["id"] == made["id"]
    assert shown.headers["access-control-allow-origin"] == "*"
    paid = await api.send(
        "POST",
        f"{path}/confirm",
        key,
        client_secret=made["client_secret"],
        payment_method_data={"type": "card", "card": {"number": "4242 4242 4242 4242"}},
    )
    assert paid.json()["status"] == "succeeded"


async def test_a_servers_confirmation_says_where_to_return(api: Api) -> None:
    asked = PAYMENT | {"confirm": True, "payment_method": "pm_card_visa"}
    answer = await api.send("POST", "payment_intents", **asked)
    assert answer.json()["error"]["param"] == "return_url"
    never = {"enabled": True, "allow_redirects": "never"}
    assert (
        await api.send("POST", "payment_intents", **asked, automatic_payment_methods=never)
    ).is_success


@pytest.mark.parametrize(
    ("error", "status"),
    [("rate_limit", 429), ("idempotency_key_in_use", 409), ("api_error", 500)],
)
async def test_a_fault_meets_the_next_call_only(
    api: Api, control: httpx.AsyncClient, error: str, status: int
) -> None:
    await control.post("/faults", json={"path": "/v1/customers", "error": error})
    answers = [await api.send("GET", "customers") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, 200]
    assert answers[0].json()["error"]["message"]


async def test_the_same_seed_makes_the_same_ids(api: Api, control: httpx.AsyncClient) -> None:
    made = []
    for seed in ("one", "one", "two"):
        await control.post("/reset", json={"seed": seed})
        made.append((await api.post("customers"))["id"])
    assert made[0] == made[1] != made[2]


async def test_lists_are_filtered_by_moment(api: Api, control: httpx.AsyncClient) -> None:
    first = await api.post("customers")
    await control.put("/clock", json={"advance_seconds": 100})
    second = await api.post("customers")
    for bound, expected in (("gt", second), ("lte", first)):
        found = await api.get("customers", created={bound: first["created"]})
        assert found["data"] == [expected]
    assert (await api.get("customers", created=first["created"]))["data"] == [first]
