"""What the end-to-end tests and those under a real systemd are made of: exporters, fake counters, clients."""
