"""The parts of the plan as a markdown document."""
