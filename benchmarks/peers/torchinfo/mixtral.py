import torch
from torchinfo import summary
from transformers import AutoConfig, AutoModelForCausalLM

with torch.device("meta"):
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained("mixtral/config.json"))
summary(model, depth=1)
