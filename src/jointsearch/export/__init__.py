"""Searches in the formats of other tools."""
