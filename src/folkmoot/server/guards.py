"""What stands before every route: problems, sizes, who asks, and how often, in the order it must be in."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from .authenticator import Authentication, Authenticator
from .limits import BodyLimit, RateLimit, parse_rate
from .problems import UnexpectedErrors, install_problems
from .settings import Settings

__all__ = ["guard"]

_TOLD = ["Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"]


def guard(app: FastAPI, settings: Settings) -> Authenticator:
    """Put everything before an application's routes.

    Args:
        app: The application.
        settings: Who may ask, and for how much.

    Raises:
        ValueError: The file of people is bad.
        OSError: It cannot be read.

    Returns:
        What tells who asks.
    """
    install_problems(app)
    authenticator = Authenticator(settings)
    # From the inside out: each is put before those above it.
    app.add_middleware(
        RateLimit, rate=parse_rate(settings.rate_limit), anonymous=parse_rate(settings.anonymous_rate_limit)
    )
    app.add_middleware(Authentication, authenticator=authenticator)
    app.add_middleware(BodyLimit, limit=settings.max_body)
    app.add_middleware(UnexpectedErrors)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=_TOLD,
        )
    return authenticator
