{
  blocks: [
    {
      _class: 'Sequential',
      _id: 'body',
      blocks: [
        { _class: 'Linear', output_feats: 128 },
        { _class: 'ReLU' },
        { _class: 'Linear', output_feats: 64 },
        { _class: 'ReLU' },
        { _class: 'Linear', output_feats: 10 },
      ],
    },
  ],
  graph: ['x -> body -> logits'],
  inputs: [{ _id: 'x', _shape: [784] }],
  outputs: [{ _id: 'logits', _shape: [10] }],
}
