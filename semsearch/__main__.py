"""`python -m semsearch`, and the console script: loads the command, where Ctrl-C is one line like anywhere else."""

import os
import sys


def main() -> None:
    """Run the command."""
    if sys.stderr is None:  # closed by the shell; numpy 2.0 cannot be imported without it
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        from semsearch.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Error: Interrupted: nothing was written\n")
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
