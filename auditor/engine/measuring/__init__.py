"""Recording and measuring a target: from its settings to a contract and an observation."""
