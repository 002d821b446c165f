"""Makes an environment see all the packages of another after its own: `reuse.py ENVIRONMENT OTHER`.

So a second environment can hold the other Datasette alone. The other's own .pth files (an editable install is one) are
read too, which a bare path in a .pth file would not do.
"""

import sys
from pathlib import Path

environment, other = (next(Path(name).resolve().glob("lib/*/site-packages")) for name in sys.argv[1:])
(environment / "rest.pth").write_text(f"import site; site.addsitedir({str(other)!r})\n")
