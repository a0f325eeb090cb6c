"""``segadapt bundle``: a trained network with everything that its use takes."""
