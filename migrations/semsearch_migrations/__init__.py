"""The ordered schema changes of a semsearch file."""
