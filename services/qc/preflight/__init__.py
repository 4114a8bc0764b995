"""What a PDF is made of, as exact facts: the pdf checks judge these and nothing else."""
