"""``pyagent demo``: a broker, a producer, the agent and a store, in one command."""
