"""`python -m bitline` is the command `bitline`."""

from bitline.cli.start import main

main()
