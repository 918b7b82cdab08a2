"""The demo: a conversation that loses its worker in the middle of a turn, and the proof of what that cost."""
