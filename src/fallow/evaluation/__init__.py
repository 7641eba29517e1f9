"""Measuring the stages on labelled data."""
