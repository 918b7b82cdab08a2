"""What the client is made of: commands, the follower, reading pages."""
