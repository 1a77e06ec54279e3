"""A webhook receiver: health endpoints and one signed, validated POST."""

__version__ = "2.1.0"
