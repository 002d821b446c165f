"""The command line: one file per group of verbs. A command parses its options, calls the library and prints."""
