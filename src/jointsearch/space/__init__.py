"""The space of configurations: its file, and the ConfigSpace made of it."""
