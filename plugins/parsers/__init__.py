"""Built-in parsers, one module each."""
