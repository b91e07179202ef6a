from payymo_api.core.errors import Conflict, Forbidden


class ScopeNotYours(Forbidden):
    code = "scope_not_yours"
    title = "A key can't give what it doesn't have"
    resolution = "Ask for scopes that the calling key has itself."


class LastKey(Conflict):
    code = "own_key"
    title = "A key can't revoke itself"
    resolution = "Revoke it with another key."
