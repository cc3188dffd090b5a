"""Figures, drawn from tables that public functions return."""
