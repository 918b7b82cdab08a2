"""Where sealed parts of logs, large contents and what is left of closed chats lie."""

from .base import BlobNotFoundError, Deleted, Store, StoreUnavailableError
from .folder import FolderStore
from .url import as_store, open_store

__all__ = ["BlobNotFoundError", "Deleted", "FolderStore", "Store", "StoreUnavailableError", "as_store", "open_store"]
