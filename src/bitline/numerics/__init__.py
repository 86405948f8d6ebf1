"""What knows no hardware: random numbers, histograms, intervals, threads, numbers as users give and read them."""
