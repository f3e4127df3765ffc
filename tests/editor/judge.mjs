// Compiles a schema with Ajv as SchemaStore does for schemas outside of its strict mode, and judges documents by it.
// Standard input: {schema, keywords, documents: {name: document}}; standard output: {name: whether it is valid}.
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

const { schema, keywords, documents } = JSON.parse(readFileSync(0, "utf-8"));
const ajv = new Ajv({ strictTypes: false, strictTuples: false, allowMatchingProperties: true });
for (const keyword of ["defaultSnippets", ...keywords]) ajv.addKeyword(keyword);
const judge = ajv.compile(schema);
const valid = Object.entries(documents).map(([name, document]) => [name, judge(document)]);
console.log(JSON.stringify(Object.fromEntries(valid)));
