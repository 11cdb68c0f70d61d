"""Between the SDKs and the network: what may come back, and what their exceptions mean."""
