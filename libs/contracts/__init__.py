"""What crosses HTTP between services: one module for each service that owns it."""
