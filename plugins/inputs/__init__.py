"""Built-in inputs, one module each."""
