"""The runtime of pyagent: what moves data and what builds it. Private: import ``pyagent`` instead."""
