"""What programs ask of the platform around the graph: logging, flags, files, the app runner."""
