"""Labels: which rows have one, classifying the rest, and judging on held-out rows."""
