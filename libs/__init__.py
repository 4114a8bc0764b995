"""Code that more than one service needs; nothing else."""
