"""Reading the audit: who changed what, and whether anybody touched it since."""
