"""The NNTP reader server: RFC 3977 with the habits of real newsreaders (docs/nntp.md)."""
