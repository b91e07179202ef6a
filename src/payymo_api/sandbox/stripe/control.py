"""The tester's hand in Stripe: what banks and time would do. Mounted at /sandbox/stripe."""

from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from payymo_api.sandbox.stripe import attempts, disputes, oauth, payouts, refunds
from payymo_api.sandbox.stripe.courier import Manners
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.platform import PLATFORM
from payymo_api.sandbox.stripe.refusals import Wire
from payymo_api.sandbox.stripe.request import platform_of
from payymo_api.sandbox.stripe.triggers import trigger
from payymo_api.sandbox.stripe.webhook_endpoints import roll
from payymo_api.sandbox.tester import ControlError, asked


def _merchant(request: Request, body: Wire) -> Merchant:
    """The account that the body names, in test mode unless it says `livemode`."""
    account = body.get("account", PLATFORM)
    merchant = platform_of(request).merchant(account, livemode=bool(body.get("livemode")))
    merchant.base_url = str(request.base_url)
    return merchant


def _found(request: Request, kind: str, id: str | None = None) -> tuple[Merchant, Wire]:
    """The object of the path, or with `id`, whosever it is."""
    id = id or str(request.path_params["id"])
    for merchant in platform_of(request).merchants.values():
        if id in merchant.tables[kind]:
            return merchant, merchant.tables[kind][id]
    raise ControlError(f"there is no {kind} {id}")


async def delivery(request: Request) -> Response:
    """PUT `courier.Manners`' fields; `hold` turned off sends what was held."""
    courier = platform_of(request).courier
    if request.method == "PUT":
        body = await asked(request)
        unknown = body.keys() - {field.name for field in fields(Manners)}
        if unknown:
            raise ControlError(f"a delivery has no {', '.join(sorted(unknown))}")
        for name, value in body.items():
            setattr(courier.manners, name, value)
        if not courier.manners.hold:
            courier.release()
    told = asdict(courier.manners) | {"waiting": len(courier.waiting), "idle": courier.idle}
    return JSONResponse(told)


async def deliveries(request: Request) -> Response:
    """Every attempt, oldest first."""
    return JSONResponse(list(platform_of(request).courier.log))


async def roll_secret(request: Request) -> Response:
    """`{"keep_seconds": 86400}`: for so long the old secret signs too."""
    merchant, wire = _found(request, "webhook_endpoint")
    seconds = float((await asked(request)).get("keep_seconds", 86_400))
    return JSONResponse({"id": wire["id"], "secret": roll(merchant, wire, seconds)})


async def new_key(request: Request) -> Response:
    """`{"kind": "rk", "permissions": {"charges": "read"}}`, for an account and a mode."""
    body = await asked(request)
    kind = body.get("kind", "rk")
    if kind not in {"sk", "rk", "pk"}:
        raise ControlError("kind is sk, rk or pk")
    key = platform_of(request).new_key(
        kind,
        body.get("account", PLATFORM),
        livemode=bool(body.get("livemode")),
        permissions=body.get("permissions", {}) if kind == "rk" else None,
    )
    return JSONResponse({"key": key.value, "account": key.account}, 201)


async def revoke_key(request: Request) -> Response:
    if platform_of(request).keys.pop(str(request.path_params["id"]), None) is None:
        raise ControlError("there is no such key")
    return Response(status_code=204)


async def resolve(request: Request) -> Response:
    """The bank's answer to a debit: `{}` for money, `{"failure": "debit_not_authorized"}`."""
    merchant, wire = _found(request, "payment_intent")
    if wire["status"] != "processing":
        raise ControlError(f"the PaymentIntent is {wire['status']}, not processing")
    attempts.resolve(merchant, wire, (await asked(request)).get("failure"))
    return JSONResponse(wire)


async def resolve_refund(request: Request) -> Response:
    """`{}`: it went through; `{"failure": "lost_or_stolen_card"}`: it comes back."""
    merchant, wire = _found(request, "refund")
    failure = (await asked(request)).get("failure")
    if failure:
        refunds.fail(merchant, wire, failure)
    else:
        refunds.succeed(merchant, wire)
    return JSONResponse(wire)


async def dispute(request: Request) -> Response:
    """`{"charge": "ch_…", "reason": "fraudulent", "amount": 100}`; the last two may be left out."""
    body = await asked(request, "charge")
    merchant, charge = _found(request, "charge", body["charge"])
    reason = disputes.reason_of(body.get("reason", "fraudulent"))
    return JSONResponse(disputes.open_dispute(merchant, charge, reason, body.get("amount")), 201)


async def close_dispute(request: Request) -> Response:
    """`{"status": "won"}` or lost, or warning_closed for an inquiry."""
    merchant, wire = _found(request, "dispute")
    status = (await asked(request, "status"))["status"]
    if status not in {"won", "lost", "warning_closed"}:
        raise ControlError("status is won, lost or warning_closed")
    disputes.close(merchant, wire, status)
    return JSONResponse(wire)


async def payout(request: Request) -> Response:
    """An automatic payout of what is available: `{"currency": "gbp"}`.

    `pending` takes what is not yet available too; `pay` lets it arrive at once.
    """
    body = await asked(request, "currency")
    merchant = _merchant(request, body)
    wire = payouts.gather(merchant, body["currency"], pending=bool(body.get("pending")))
    if body.get("pay"):
        payouts.pay(merchant, wire)
    return JSONResponse(wire, 201)


async def decide_payout(request: Request) -> Response:
    """`{}`: it arrives; `{"failure": "account_closed"}`: it comes back, also after it was paid."""
    merchant, wire = _found(request, "payout")
    failure = (await asked(request)).get("failure")
    if failure and failure not in payouts.FAILURES:
        raise ControlError(f"failure is one of {sorted(payouts.FAILURES)}")
    if failure:
        payouts.fail(merchant, wire, failure)
    else:
        payouts.pay(merchant, wire)
    return JSONResponse(wire)


async def fee(request: Request) -> Response:
    """`{"amount": 1500, "currency": "gbp", "description": "…"}`: a fee of no charge."""
    body = await asked(request, "amount", "currency")
    description = body.get("description", "Monthly fee")
    wire = payouts.fee(_merchant(request, body), body["amount"], body["currency"], description)
    return JSONResponse(wire, 201)


async def deauthorize(request: Request) -> Response:
    """The account's owner takes the access back."""
    connection = platform_of(request).connections.get(str(request.path_params["id"]))
    if connection is None:
        raise ControlError("there is no such connection")
    oauth.disconnect(platform_of(request), connection)
    return Response(status_code=204)


async def fire(request: Request) -> Response:
    """`{"event": "charge.refunded"}`: do what makes such an event, or make it up."""
    body = await asked(request, "event")
    merchant = _merchant(request, body)
    if not (event := trigger(merchant, body["event"])):
        raise ControlError(f"there is no event type {body['event']}")
    return JSONResponse(event, 201)


async def objects(request: Request) -> Response:
    """All objects of a kind, oldest first, to compare with what was heard of them."""
    query: dict[str, Any] = dict(request.query_params)
    merchant = _merchant(request, query)
    return JSONResponse(list(merchant.tables[str(request.path_params["kind"])].values()))


ROUTES: list[BaseRoute] = [
    Route("/delivery", delivery, methods=["GET", "PUT"]),
    Route("/deliveries", deliveries),
    Route("/webhook_endpoints/{id}/roll", roll_secret, methods=["POST"]),
    Route("/keys", new_key, methods=["POST"]),
    Route("/keys/{id}", revoke_key, methods=["DELETE"]),
    Route("/payment_intents/{id}/resolve", resolve, methods=["POST"]),
    Route("/refunds/{id}/resolve", resolve_refund, methods=["POST"]),
    Route("/disputes", dispute, methods=["POST"]),
    Route("/disputes/{id}/close", close_dispute, methods=["POST"]),
    Route("/payouts", payout, methods=["POST"]),
    Route("/payouts/{id}/resolve", decide_payout, methods=["POST"]),
    Route("/fees", fee, methods=["POST"]),
    Route("/accounts/{id}/deauthorize", deauthorize, methods=["POST"]),
    Route("/trigger", fire, methods=["POST"]),
    Route("/objects/{kind}", objects),
]
