"""Everything that is learned by gradient. Only here is torch imported at the top of a module."""
