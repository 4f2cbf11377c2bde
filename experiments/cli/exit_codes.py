"""The exit codes of every command."""

AS_EXPECTED, UNEXPECTED, BAD_INPUT = 0, 1, 2
