"""From a session to a verified, published output."""
