"""Passphrases that protect annotators' names.

A table is added and nothing else changes: names without a passphrase stay open to everybody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hanscope_passphrase",
        sa.Column("folded", sa.String(240), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
