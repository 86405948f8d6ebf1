"""What designs, libraries and studies are made of: frozen parts, TOML, messages, classes of users, files."""
