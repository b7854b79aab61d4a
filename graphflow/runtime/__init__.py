"""Running plans: executors, variables and other session resources, failures, devices."""
