"""Evaluate embeddings by the measures that publications use."""
