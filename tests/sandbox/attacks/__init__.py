"""What has been tried against the walls of the sandbox, and which wall stops what? Begin with attack.py."""
