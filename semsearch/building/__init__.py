"""Building collections from datasets, updating them, and finding out which are stale."""
