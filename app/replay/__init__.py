"""What would change if other rules were in force? Past jobs and live authorizations, asked again under a draft."""
