"""Campaigns: many creatives against one or several profiles, run to their end."""
