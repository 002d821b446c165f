"""`python -m semsearch`, and the console script: loads the command, where Ctrl-C is one line like anywhere else."""

import sys


def main() -> None:
    """Run the command."""
    try:
        from semsearch.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Error: Interrupted: nothing was written\n")
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
