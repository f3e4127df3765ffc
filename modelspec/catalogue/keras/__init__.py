"""The layers of keras.layers: axes are channels last, unless a layer says otherwise."""
