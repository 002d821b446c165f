"""Near-duplicates, clusters and predicted links, computed from vectors; storage.results writes them."""
