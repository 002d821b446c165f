"""The command line: one file per group of verbs. It parses, calls the library, and prints; nothing is decided here."""
