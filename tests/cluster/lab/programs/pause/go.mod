module rankzero.lab/pause

go 1.25.0
