"""Configuration: from TOML files and the environment to checked, typed settings."""
