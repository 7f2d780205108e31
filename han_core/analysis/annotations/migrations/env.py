"""Alembic's entry: the steps run on the connection that ``upkeep.step`` hands over."""

from alembic import context

from han_core.analysis.annotations.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
