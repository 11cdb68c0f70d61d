"""What the target answers and what it costs: workload, replay, observation, contract, statistics (docs/decisions/0005)."""
