"""What tests share: a Temporal server, waiting on state, and a guarded exit."""
