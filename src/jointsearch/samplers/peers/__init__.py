"""Samplers of other people's methods, most by their own libraries; each is loaded by its name."""
