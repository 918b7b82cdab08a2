"""Where sealed parts of logs and large contents lie: content-hashed blobs."""

from .base import BlobNotFoundError, Store
from .folder import FolderStore

__all__ = ["BlobNotFoundError", "FolderStore", "Store"]
