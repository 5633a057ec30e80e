"""How nodes reach each other: Tor, HTTP over onions, and what is fetched when."""
