"""What stops a local start; each is one sentence that says what to do."""


class CannotStart(Exception):
    """Something that this machine, folder or program must first provide."""


class FolderInUse(CannotStart):
    """Another run holds the data folder."""
