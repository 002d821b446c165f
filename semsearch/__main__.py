"""`python -m semsearch`."""

from semsearch.cli.main import main

main()
