"""Readers turn outside files into items; load.py writes them into a dataset's table."""
