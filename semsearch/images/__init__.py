"""Images: files, arrays, reconstruction and generation."""
