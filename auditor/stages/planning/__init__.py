"""The parts of the plan stage: grouping, gain, words, and what lies outside the code."""
