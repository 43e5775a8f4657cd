"""Built-in serializers, one module each."""
