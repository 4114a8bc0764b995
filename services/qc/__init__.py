"""The qc service: runs analyses of creatives."""
