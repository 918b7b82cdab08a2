"""Why the API refuses before a chat is asked: who it is, what they may, how much they ask for.

Their texts go to the caller: none holds a token, a key, or what a token that was refused says.
"""

from __future__ import annotations

from folkmoot.errors import FolkmootError

__all__ = [
    "ForbiddenError",
    "NotAuthenticatedError",
    "ProviderUnavailableError",
    "RateLimitedError",
    "TokenRefusedError",
]


class NotAuthenticatedError(FolkmootError):
    """Nobody said who asks."""


class TokenRefusedError(NotAuthenticatedError):
    """A token that proves nothing: forged, expired, for somebody else."""


class ForbiddenError(FolkmootError):
    """It is known who asks, and they may not."""


class ProviderUnavailableError(FolkmootError):
    """The keys of the identity provider cannot be had, so nobody can be told apart."""


class RateLimitedError(FolkmootError):
    """More requests than one caller may make.

    Attributes:
        retry_after: Whole seconds after which one more is let through.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after} s.")
        self.retry_after = retry_after
