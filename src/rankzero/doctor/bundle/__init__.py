"""What a maintainer needs to look into trouble, as one file, without the user's secrets."""
