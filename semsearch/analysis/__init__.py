"""Near-duplicates, clusters and predicted links, computed from vectors."""
