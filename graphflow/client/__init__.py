"""Sessions: fetches and feeds in the user's terms, plans and executors underneath."""
