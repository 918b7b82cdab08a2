"""The pure engine: one append-only log, and everything else a fold of it.

Nothing here knows Temporal, a clock or an id source: time comes with each entry, ids are derived from the
chat's uuid. The workflow, the activities and the client all use these views.
"""
