"""Generative adversarial networks: networks, losses, the training task, its monitor and its stored state."""
