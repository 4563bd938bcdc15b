"""What may this operator do for this scenario, until when? Applications, consents, decisions, authorizations."""
