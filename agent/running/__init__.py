"""A wrapper for each kind of plugin: the plugin speaks its protocol, the wrapper does the rest."""
