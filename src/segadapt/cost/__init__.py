"""What a network costs: parameters, multiplications, time and memory."""
