"""Bringing theory and testbeds together: claims, the engine, verdicts, the result store, the command line."""
