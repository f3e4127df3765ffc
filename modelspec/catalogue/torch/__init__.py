"""The layers of torch.nn: axes are channels first, in the order of torch."""
