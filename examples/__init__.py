"""A program for each kind of team and agent: `python examples/swarm.py`, `folkmoot run examples/swarm.json`."""
