"""Collections leave as files that other tools open: one writer per family of formats."""
