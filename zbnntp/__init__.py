"""zbnntp: a forum nobody owns, read and written with the newsreaders people already have."""

__version__ = "0.1.0"
