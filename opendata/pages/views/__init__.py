"""A module for each kind of page: `view` says what it shows, `places` where there are such pages."""
