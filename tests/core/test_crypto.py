import base64

import pytest

from payymo_api.core.crypto import Keyring, Undecipherable

OLD = f"old:{base64.b64encode(b'o' * 32).decode()}"
NEW = f"new:{base64.b64encode(b'n' * 32).decode()}"


def test_the_new_key_encrypts_and_the_old_one_still_opens() -> None:
    before = Keyring.parse(OLD).encrypt(b"secret", bound_to="row:1")
    rotated = Keyring.parse(f"{NEW},{OLD}")

    assert rotated.decrypt(before, bound_to="row:1") == b"secret"
    assert rotated.encrypt(b"secret", bound_to="row:1").startswith(b"new:")


def test_nothing_opens_in_another_row_or_without_its_key() -> None:
    sealed = Keyring.parse(OLD).encrypt(b"secret", bound_to="row:1")

    assert b"secret" not in sealed
    with pytest.raises(Undecipherable):
        Keyring.parse(OLD).decrypt(sealed, bound_to="row:2")
    with pytest.raises(Undecipherable):
        Keyring.parse(NEW).decrypt(sealed, bound_to="row:1")
    with pytest.raises(Undecipherable):
        Keyring.parse(OLD).decrypt(sealed[:-1], bound_to="row:1")


@pytest.mark.parametrize("text", ["", "nokey", "id:notbase64!", "id:c2hvcnQ="])
def test_unfit_keys_are_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Keyring.parse(text)
