"""Looking at results: one function per kind of figure; reads stored results only."""
