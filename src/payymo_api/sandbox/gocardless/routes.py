"""The addresses of the wire; every one ends with a slash, and one without is redirected."""

from starlette.routing import BaseRoute, Mount, Route

from payymo_api.sandbox.gocardless import accounts, agreements, consent_page, requisitions, tokens
from payymo_api.sandbox.gocardless.request import Handler, with_token


def _guarded(path: str, **handlers: Handler) -> list[BaseRoute]:
    return [Route(path, with_token(handler), methods=[name]) for name, handler in handlers.items()]


ROUTES: list[BaseRoute] = [
    Mount(
        "/api/v2",
        routes=[
            Route("/token/new/", tokens.new_token, methods=["POST"]),
            Route("/token/refresh/", tokens.refresh_token, methods=["POST"]),
            *_guarded("/institutions/", GET=tokens.institutions),
            *_guarded("/institutions/{id}/", GET=tokens.institution),
            *_guarded(
                "/agreements/enduser/", GET=agreements.agreements, POST=agreements.new_agreement
            ),
            *_guarded(
                "/agreements/enduser/{id}/",
                GET=agreements.agreement,
                DELETE=agreements.delete_agreement,
            ),
            *_guarded("/agreements/enduser/{id}/accept/", PUT=agreements.accept_agreement),
            *_guarded(
                "/agreements/enduser/{id}/reconfirm/",
                GET=agreements.reconfirmation,
                POST=agreements.reconfirmation,
            ),
            *_guarded(
                "/requisitions/", GET=requisitions.requisitions, POST=requisitions.new_requisition
            ),
            *_guarded(
                "/requisitions/{id}/",
                GET=requisitions.requisition,
                DELETE=requisitions.delete_requisition,
            ),
            *_guarded("/accounts/{id}/", GET=accounts.account),
            *_guarded("/accounts/{id}/balances/", GET=accounts.balances),
            *_guarded("/accounts/{id}/details/", GET=accounts.details),
            *_guarded("/accounts/{id}/transactions/", GET=accounts.transactions),
        ],
    ),
    Route("/psd2/start/{id}/{institution}", consent_page.start, methods=["GET", "POST"]),
    Route("/psd2/reconfirm/{id}", consent_page.reconfirm, methods=["GET", "POST"]),
]
