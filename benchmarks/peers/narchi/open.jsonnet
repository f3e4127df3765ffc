{
  blocks: [{ _class: 'Conv2d', _id: 'conv', output_feats: 8, kernel_size: 3, stride: 2 }],
  graph: ['x -> conv -> y'],
  inputs: [{ _id: 'x', _shape: [3, '<<variable:H>>', '<<variable:W>>'] }],
  outputs: [{ _id: 'y', _shape: [8, '<<auto>>', '<<auto>>'] }],
}
