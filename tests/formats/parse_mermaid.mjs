// Reads a JSON list of diagrams from standard input; writes for each what Mermaid's own parser makes of it, as JSON.
import { JSDOM } from 'jsdom';

// Mermaid cleans texts with DOMPurify, which wants a window.
const { window } = new JSDOM('');
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import('mermaid');
mermaid.initialize({ startOnLoad: false });
// The first reading registers the kinds of diagrams.
await mermaid.parse('flowchart TD');
const { maxTextSize, maxEdges } = mermaid.mermaidAPI.getConfig();

async function parse(text) {
  try {
    if (text.length > maxTextSize) return { error: `${text.length} characters, at most ${maxTextSize}` };
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    return {
      nodes: Object.fromEntries([...db.getVertices()].map(([name, node]) => [name, { text: node.text, type: node.type }])),
      edges: db.getEdges().map((edge) => [edge.start, edge.end]),
      subgraphs: db.getSubGraphs().map(({ id, title, nodes }) => ({ id, title, nodes })),
      most: { maxTextSize, maxEdges },
    };
  } catch (error) {
    return { error: String(error) };
  }
}

let input = '';
for await (const chunk of process.stdin) input += chunk;
const results = [];
for (const text of JSON.parse(input)) results.push(await parse(text));
process.stdout.write(JSON.stringify(results));
