"""Between the sandbox and the measure: one target, started as often as is wished, and what it answered and did."""
