// Writes schema/*.json, the JSON Schemas of the defs, from the tables: `npm run schema`.
import { bundle, replace, root } from './bundle.mjs'

const { url } = await bundle('src/xml.ts', '.cache/xml.mjs')
const { hostdev, nodeDevice } = await import(url)

for (const [name, document] of Object.entries({ 'node-device': nodeDevice, hostdev }))
  await replace(`${root}/schema/${name}.json`, `${JSON.stringify(document.schema(), null, 2)}\n`)
