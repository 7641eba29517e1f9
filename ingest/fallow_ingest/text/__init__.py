"""Plain text: what every source and every matcher agrees on."""
