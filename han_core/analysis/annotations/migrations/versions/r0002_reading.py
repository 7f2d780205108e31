"""Documents marked as read, saved slices, versions against lost updates, the label that is meant.

Columns are added and nothing is rewritten: what was there stays as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CONTENT, NAME = sa.String(32), sa.String(80)


def upgrade() -> None:
    for table in ("hanscope_tag", "hanscope_note"):
        op.add_column(table, sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    for name in ("label", "meant"):
        op.add_column("hanscope_flag", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.create_table(
        "hanscope_read",
        sa.Column("content", CONTENT, primary_key=True),
        sa.Column("annotator", NAME, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "hanscope_slice",
        sa.Column("dataset", sa.String(64), primary_key=True),
        sa.Column("folded", sa.String(240), primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("annotator", NAME, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    clock = op.create_table(
        "hanscope_clock",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(clock, [{"id": 1, "number": 0}])
