"""What `nixtui stack WORD` does, a file for each word."""
