"""Every line of SQL in the library, and the only place that knows which SQLite module is used."""
