"""Tags, assignments, notes, flags, and the history of all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CONTENT, NAME = sa.String(32), sa.String(80)


def upgrade() -> None:
    op.create_table(
        "hanscope_tag",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("folded", sa.String(240), nullable=False, unique=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("colour", sa.String(7), nullable=False),
        sa.Column("key", sa.String(1), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false()),
        sqlite_autoincrement=True,  # else a tag's number may come again after it is gone
    )
    op.create_table(
        "hanscope_assignment",
        sa.Column("content", CONTENT, primary_key=True),
        sa.Column(
            "tag_id", sa.Integer, sa.ForeignKey("hanscope_tag.id"), primary_key=True, index=True
        ),
        sa.Column("annotator", NAME, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "hanscope_note",
        sa.Column("content", CONTENT, primary_key=True),
        sa.Column("annotator", NAME, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "hanscope_flag",
        sa.Column("content", CONTENT, primary_key=True),
        sa.Column("annotator", NAME, primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "hanscope_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("content", CONTENT, nullable=True, index=True),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
    )
