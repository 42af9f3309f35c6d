"""The parts screens are made of: tables, lines of text, the frame around them. A widget owns view state only."""
