"""One file per algorithm. A builder is arrays and strings in, arrays out: it opens no file and knows no SQL."""
