"""Line protocol: decoding, encoding, and validating it without either."""
