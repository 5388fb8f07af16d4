// Answers the conformance protocol as the sources stand: `npm run --silent adapter`.
import { bundle } from './bundle.mjs'

const options = { packages: 'external', sourcemap: 'inline' }
const { url } = await bundle('test/adapter/main.ts', '.cache/adapter.mjs', options)
await import(url)
