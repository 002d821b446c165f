"""How good embeddings are, by the measures that publications use."""
