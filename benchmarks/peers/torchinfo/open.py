from torch import nn
from torchinfo import summary

model = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2))
summary(model, input_size=(1, 3, None, None))
