"""Built-in aggregators, one module each."""
