import keras
from keras import layers

model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(8, 3, strides=2)])
model.summary()
