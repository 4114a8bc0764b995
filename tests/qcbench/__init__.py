"""qc-bench: creatives with and without a planted defect, and how the exact checks do on them."""
