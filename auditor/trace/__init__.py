"""From a linked project to call chains, effects and cost."""
