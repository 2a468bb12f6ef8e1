"""What a search of the model may say: values of fields, and what conditions make of them."""
