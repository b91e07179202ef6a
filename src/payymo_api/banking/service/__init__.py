"""Use cases of banking; what calls out takes a Database, never a Scope."""
