"""The plugins that ship with pyagent. Private: they are found through their entry points."""
