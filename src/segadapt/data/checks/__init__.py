"""Whether a data set is in order: quickly before a training, wholly as a command."""
