"""Playbooks: read, found, matched with findings, and their transfer from endpoint to endpoint measured."""
