"""What people say of documents, in a database: codebook, tags, notes, flags, agreement."""
