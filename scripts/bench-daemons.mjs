// Bundles a bench that needs a running daemon, and runs it: `npm run bench:daemons -- NAME ARGS`, for bench/NAME.ts.
import { bundle } from './bundle.mjs'

const [, , name, ...args] = process.argv
const { url } = await bundle(`bench/${name}.ts`, `.cache/bench-${name}.mjs`)
process.argv.splice(2, Number.POSITIVE_INFINITY, ...args)
await import(url)
