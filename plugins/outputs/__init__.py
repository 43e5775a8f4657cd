"""Built-in outputs, one module each."""
