// Bundles the lab's command and runs it: `npm run lab -- ARGS`. It stands one folder below the root, as test/ does.
import { bundle } from './bundle.mjs'

const { url } = await bundle('test/lab/command.ts', '.cache/lab.mjs')
await import(url)
