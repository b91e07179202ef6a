"""End a data folder's children when the supervisor has gone, even by kill -9.

Started by the supervisor with the read end of a pipe as standard input. Nobody writes: the read
returns when the last copy of the write end is closed, and only the supervisor has one.
"""

import argparse
import sys
from pathlib import Path

from payymo_api.local.home import remove
from payymo_api.local.roster import Roster


def main() -> None:
    """Wait, end the children, and delete the folder if it was only lent."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--discard", action="store_true")
    chosen = parser.parse_args()
    sys.stdin.buffer.read()
    Roster(chosen.folder / "children.json").end_all()
    if chosen.discard:
        remove(chosen.folder)


if __name__ == "__main__":
    main()
