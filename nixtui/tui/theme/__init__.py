"""The colours of nixtui: quiet greys, one accent, red only for what is wrong now. Every state has a word as well."""
