"""What `nixtui image WORD` does, a file for each word."""
