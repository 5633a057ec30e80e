"""First ratings for newcomers: what a registrar asks, checks and gives. docs/joining.md."""
