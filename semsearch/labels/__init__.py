"""Labels of items: reading them, predicting missing ones, and testing predictions on held-out items."""
