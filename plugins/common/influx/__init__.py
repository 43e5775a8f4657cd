"""What both InfluxDB outputs share: transport, the meaning of answers, the search for guilty points."""
