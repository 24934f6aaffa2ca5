"""The shell a person meets: options, plan, engine, console, summary."""
