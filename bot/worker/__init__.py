"""The worker: applies what was delivered, and runs the jobs that follow a commit."""
