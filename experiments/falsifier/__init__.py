"""Searches a class of functions for an instance that violates a claim's bound."""
