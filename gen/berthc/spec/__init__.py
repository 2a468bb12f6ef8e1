"""From the text of a spec to the model: YAML, shape, expressions, meaning."""
