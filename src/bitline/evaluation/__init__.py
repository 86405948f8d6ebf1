"""How well a network does on a design: accuracy, the errors of its layers, where its signals lie, and what helps it."""
