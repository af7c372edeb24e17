"""The prompt library: wordings by name and version, built in or a workspace's own, tried on cases before they are published."""
