"""What several built-in plugins share. Private to them."""
