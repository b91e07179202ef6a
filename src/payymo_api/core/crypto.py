"""Secrets at rest: AES-256-GCM, the key's id in front, the row's identity as associated data."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes, NIST SP 800-38D


class Undecipherable(Exception):
    """No key of the ring opens this, or it was moved from another row."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Encrypts with `current`, decrypts with any key it holds: rotation without downtime."""

    current: str
    keys: Mapping[str, AESGCM]

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read `id:base64,id:base64`; the first is current. ValueError when a key is unfit."""
        pairs = [part.strip().split(":", 1) for part in text.split(",") if part.strip()]
        if not pairs or any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004  id and key
            raise ValueError("encryption keys are `<id>:<base64>`, separated by commas")
        keys = {id: AESGCM(base64.b64decode(key, validate=True)) for id, key in pairs}
        return cls(current=pairs[0][0], keys=keys)

    def encrypt(self, plain: bytes, *, bound_to: str) -> bytes:
        """Return `<key id>:` + nonce + ciphertext; only the same `bound_to` opens it again."""
        nonce = os.urandom(_NONCE)
        sealed = self.keys[self.current].encrypt(nonce, plain, bound_to.encode())
        return self.current.encode() + b":" + nonce + sealed

    def decrypt(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Return the plain bytes; Undecipherable if key, row or bytes are not the same."""
        id, _, rest = sealed.partition(b":")
        key = self.keys.get(id.decode(errors="replace"))
        if key is None:
            raise Undecipherable("the key that encrypted this is not in the ring")
        try:
            return key.decrypt(rest[:_NONCE], rest[_NONCE:], bound_to.encode())
        except InvalidTag as error:
            raise Undecipherable("the bytes were changed or belong to another row") from error
