"""Arrays in, arrays out: no file, no SQL, no torch."""
