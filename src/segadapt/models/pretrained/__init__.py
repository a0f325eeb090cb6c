"""Published weights: tags and licences, files, download errors, colours."""
