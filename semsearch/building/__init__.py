"""Datasets become collections: building, updating, and what has gone stale."""
