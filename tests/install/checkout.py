"""Makes an environment import the packages of this checkout before any folder of their name: `checkout.py`.

An editable install finds packages by a hook that Python asks last. Started in a folder that contains a folder
`semsearch`, such as a clone of the repository, Python would take that folder for a package without content. Paths are
asked first.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATHS = (ROOT, ROOT / "plugins", ROOT / "migrations")


def write(folder: Path) -> None:
    """Write the .pth file into a folder of installed packages."""
    (folder / "semsearch-checkout.pth").write_text("".join(f"{path}\n" for path in PATHS), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("purelib")))
