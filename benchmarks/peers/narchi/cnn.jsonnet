{
  blocks: [
    {
      _class: 'Sequential',
      _id: 'body',
      blocks: [
        { _class: 'Conv2d', output_feats: 8, kernel_size: 3 },
        { _class: 'ReLU' },
        { _class: 'MaxPool2d', kernel_size: 2, stride: 2 },
        { _class: 'Reshape', reshape_spec: 'flatten' },
        { _class: 'Linear', output_feats: 10 },
      ],
    },
  ],
  graph: ['x -> body -> logits'],
  inputs: [{ _id: 'x', _shape: [1, 28, 28] }],
  outputs: [{ _id: 'logits', _shape: [10] }],
}
