"""The providers that this app can reach, for the routes that ask them."""

from typing import Annotated

from fastapi import Depends, Request

from payymo_api.banking.service.banks import Banks


async def get_banks(request: Request) -> Banks:
    found = request.app.state.banks
    assert isinstance(found, Banks)
    return found


BanksDep = Annotated[Banks, Depends(get_banks)]
