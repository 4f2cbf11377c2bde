"""What is claimed: update rules, theorems, measures. Pure mathematics; imports nothing else of the project."""
