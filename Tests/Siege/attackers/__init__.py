"""Clients that mean no good. Each is a function of a door, a client's way in, that works until an event is set."""
