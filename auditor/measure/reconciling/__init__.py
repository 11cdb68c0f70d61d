"""What the trace claims, held against what requests did: the parts of `auditor.measure.reconcile`."""
