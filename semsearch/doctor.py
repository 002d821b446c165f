"""Check an installation and a database file by trying them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from semsearch import __version__, registry
from semsearch.errors import SemsearchError
from semsearch.records import Collection
from semsearch.search import resident
from semsearch.storage import catalogue_check, collections, connect, damage, driver, vectors


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    check: str  # what was checked
    ok: bool
    found: str  # the details, for people


def check_installation() -> list[Check]:
    """The versions of the packages, a real search with sqlite-vec, and the plugins."""
    module = driver.sqlite3.__name__.split(".")[0]
    recent = driver.sqlite3.sqlite_version_info >= driver.MINIMUM
    return [
        Check("semsearch", True, f"{__version__} on Python {platform.python_version()}"),
        Check("SQLite", recent, f"{driver.sqlite3.sqlite_version}, driver {module}"),
        _vector_search(),
        Check("Datasette", True, _version("datasette")),
        _plugins(),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _vector_search() -> Check:
    db = driver.sqlite3.connect(":memory:", isolation_level=None)
    try:
        driver.load_vec(db)
        ok = vectors.self_test(db)
        result = "returns the nearest item" if ok else "does not return the nearest item"
        return Check("sqlite-vec", ok, f"{vectors.vec_version(db)}, a search {result}")
    except (SemsearchError, driver.Error) as error:
        return Check("sqlite-vec", False, str(error))
    finally:
        db.close()


def _plugins() -> Check:
    try:
        loaded = registry.load()
    except SemsearchError as error:
        return Check("plugins", False, str(error))
    return Check("plugins", True, f"builders {', '.join(loaded.builders)}; readers {', '.join(loaded.readers)}")


def check_file(path: str) -> list[Check]:
    """The integrity of a file, and the number of vectors of each collection."""
    try:
        with connect.reading(path) as db:
            sound = db.execute("pragma quick_check").fetchone()[0]
            count = catalogue_check.count_datasets(db)
            checks = [Check(path, sound == "ok", f"quick_check says {sound}; datasets: {count}")]
            checks += [Check("catalogue", False, what) for what in catalogue_check.damaged_entries(db)]
            checks += [Check("catalogue", False, f"{what}: {damage.REMEDY}") for what in damage.find(db)]
            return checks + [_collection(db, collection) for collection in collections.undamaged_collections(db)]
    except SemsearchError as error:
        return [Check(path, False, str(error))]


def _collection(db: driver.Connection, collection: Collection) -> Check:
    try:
        vectors.check_parts(db, collection)
    except SemsearchError as error:
        return Check(collection.name, False, str(error))
    count = vectors.count(db, collection)
    return Check(
        collection.name,
        count == collection.count,
        f"{count:,} of {collection.count:,} vectors, {collection.dim} dimensions; `serve` searches it"
        f" {resident.tier_text(collection)}",
    )
