"""What `nixtui instance WORD` does, a file for each word."""
