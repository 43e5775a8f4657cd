"""Dead letters: records that can never be delivered, kept with the reason and all that replaying needs."""
