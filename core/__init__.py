"""The domain: it knows Postgres, and nothing of Slack, Stripe or HTTP."""
