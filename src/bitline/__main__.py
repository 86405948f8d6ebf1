"""`python -m bitline` is the command `bitline`."""

from bitline.cli.app import main

main()
