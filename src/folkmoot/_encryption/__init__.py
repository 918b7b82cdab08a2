"""Keys, and what is encrypted with them: payloads for Temporal here, blobs in `folkmoot.store.encrypted`."""
