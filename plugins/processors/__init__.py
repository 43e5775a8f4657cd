"""Built-in processors, one module each."""
