"""Extensions of Sphinx for bitline's documentation, one file each."""
