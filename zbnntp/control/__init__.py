"""What people say to their node: commands in articles, their receipts, the manual. docs/newsgroups.md "Commands"."""
