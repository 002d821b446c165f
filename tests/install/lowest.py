"""Prints constraints that take the lowest version of each direct dependency: `lowest.py > constraints`.

Run in an environment where semsearch is installed. `make test-lowest` installs with them and runs the fast tests.
"""

from importlib.metadata import requires

from packaging.requirements import Requirement

for text in requires("datasette-semsearch") or ():
    dependency = Requirement(text)
    lowest = next((bound.version for bound in dependency.specifier if bound.operator == ">="), None)
    applies = dependency.marker is None or dependency.marker.evaluate({"extra": ""})
    if lowest and applies:
        print(f"{dependency.name}=={lowest}")
