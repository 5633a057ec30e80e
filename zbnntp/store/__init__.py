"""The store: one SQLite file in three chapters - evidence, promises, derived (docs/store.md). SQL stands only here."""
