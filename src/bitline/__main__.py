"""`python -m bitline` is the command `bitline`."""

import os
import sys

if __name__ == "__main__":
    if sys.path[:1] in ([""], [os.getcwd()]):  # what lies in the current folder stands in for nothing installed
        sys.path.append(sys.path.pop(0))
    from bitline.cli.start import main

    main()
