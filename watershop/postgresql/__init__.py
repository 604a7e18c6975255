"""The Django backend for PostgreSQL that brings its own server along when no DATABASE_URL is set."""
