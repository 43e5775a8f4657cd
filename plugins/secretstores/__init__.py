"""Built-in secret stores, one module each."""
