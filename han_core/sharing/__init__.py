"""What somebody takes away from a page: links, kept documents, tables."""
