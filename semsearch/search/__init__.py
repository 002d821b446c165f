"""Answers questions about collections: by text, by item, by both."""
