"""The shop's own backend: it holds the API key, and knows what the order costs."""

import os
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import uvicorn
from fastapi import Cookie, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

HERE = Path(__file__).parent
ORDER = {"amount": "20.00", "currency": "GBP", "description": "Order 42"}
SCRIPT = os.environ.get("STRIPE_JS", "https://js.stripe.com/clover/stripe.js")
ORIGIN = "/".join(SCRIPT.split("/")[:3])
POLICY = (
    f"default-src 'none'; script-src 'self' {ORIGIN} https://*.js.stripe.com; "
    f"connect-src 'self' {ORIGIN} https://api.stripe.com; style-src 'self'; "
    "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
payymo = httpx.AsyncClient(
    base_url=f"{os.environ['PAYYMO_URL']}/api/v1",
    headers={"X-API-Key": os.environ["PAYYMO_API_KEY"]},
    timeout=30,
)
payments: dict[str, str] = {}  # your database: order -> payment
app = FastAPI(openapi_url=None)
OrderCookie = Annotated[str, Cookie(alias="order")]


@app.get("/")
async def page(request: Request, order: OrderCookie = "") -> Response:
    """The page; whoever comes first gets a basket."""
    html = (HERE / "index.html").read_text("utf-8").replace("{{ stripe_js }}", SCRIPT)
    answer = HTMLResponse(html, headers={"Content-Security-Policy": POLICY})
    if not order:
        secure = request.url.scheme == "https"
        answer.set_cookie("order", uuid4().hex, httponly=True, samesite="lax", secure=secure)
    return answer


@app.get("/checkout.{kind}")
async def file(kind: str) -> Response:
    found = kind in {"js", "css"}
    return FileResponse(HERE / f"checkout.{kind}") if found else Response(status_code=404)


@app.post("/payment")
async def begin(order: OrderCookie) -> Response:
    """The order's payment. Asked again, Payymo answers the same: an order is paid once."""
    body = ORDER | {"connection_id": os.environ["STRIPE_CONNECTION"]}
    made = await payymo.post("/stripe/payments", json=body, headers={"Idempotency-Key": order})
    if made.is_error:
        return Response(status_code=502)
    payment = made.json()
    payments[order] = payment["id"]
    key = payment["publishable_key"] or os.environ.get("STRIPE_PUBLISHABLE_KEY")
    shown = {name: payment[name] for name in ("client_secret", "stripe_account")}
    return JSONResponse(shown | {"publishable_key": key})


@app.get("/payment")
async def state(order: OrderCookie) -> Response:
    """How it stands, in Payymo's words: enough for the payer, and no more."""
    found = await payymo.get(f"/stripe/payments/{payments.get(order)}")
    if found.is_error:
        return Response(status_code=502)
    payment: dict[str, Any] = found.json()
    failure = payment["failure"]
    return JSONResponse(
        {
            "status": payment["status"],
            "updated_at": payment["updated_at"],
            "failure": failure and failure["payer_message"],
        }
    )


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "4242")))
