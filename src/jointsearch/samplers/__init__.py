"""The samplers: pure functions from what is known to what to evaluate next. Your own needs these names."""

from jointsearch.samplers.base import Outlook, Sampled, Sampler, Suggestion

__all__ = ["Outlook", "Sampled", "Sampler", "Suggestion"]
