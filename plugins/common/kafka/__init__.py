"""Kafka for plugins: one small interface over two client libraries."""
