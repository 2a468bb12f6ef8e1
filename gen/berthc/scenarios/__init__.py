"""Scripts that together show everything a manager's table says, with the answers that the model
expects."""
