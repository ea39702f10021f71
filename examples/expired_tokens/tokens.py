"""The tokens' table: issuing them, listing them, and removing the ones that have expired."""

import secrets
import time
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable

__all__ = ["Cleaning", "Token", "create_tables", "issue", "listed", "recent", "remove_expired"]

_CLEANINGS_KEPT = 40


class _Base(DeclarativeBase):
    pass


class Token(_Base):
    """A token that was issued. Only its digest is kept: a leaked table leaks no token."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    issued: Mapped[float]  # Unix time, which needs no time zone in any database.
    expires: Mapped[float] = mapped_column(index=True)


class Cleaning(_Base):
    """One run of the cleaning task, by whichever worker."""

    __tablename__ = "cleanings"

    id: Mapped[int] = mapped_column(primary_key=True)
    finished: Mapped[float]
    removed: Mapped[int]


def create_tables(engine: Engine) -> None:
    """Create the tables that are missing."""
    # `create_all` looks first and creates then: two workers that start together would collide.
    with engine.begin() as connection:
        for table in _Base.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def issue(db: Session, lifetime: float) -> tuple[Token, str]:
    """Issue a token for *lifetime* seconds; return its row and the secret itself."""
    secret, now = secrets.token_urlsafe(24), time.time()
    digest = sha256(secret.encode()).hexdigest()
    token = Token(digest=digest, issued=now, expires=now + lifetime)
    db.add(token)
    db.flush()
    return token, secret


def listed(db: Session) -> Sequence[Token]:
    """Return every token that is in the table, the next to expire first."""
    return db.scalars(select(Token).order_by(Token.expires, Token.id)).all()


def remove_expired(db: Session) -> int:
    """Remove the expired tokens, make a note of it, and return how many they were."""
    now = time.time()
    removed = db.scalars(delete(Token).where(Token.expires <= now).returning(Token.id)).all()
    note = Cleaning(finished=now, removed=len(removed))
    db.add(note)
    db.flush()
    db.execute(delete(Cleaning).where(Cleaning.id <= note.id - _CLEANINGS_KEPT))
    return len(removed)


def recent(db: Session) -> Sequence[Cleaning]:
    """Return the notes of the latest cleanings, the latest last."""
    return db.scalars(select(Cleaning).order_by(Cleaning.id)).all()
