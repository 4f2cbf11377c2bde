"""The paper: numbers, tables and pictures generated from stored results, put beside the LaTeX sources and compiled."""
