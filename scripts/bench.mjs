// Bundles the benchmarks and runs them: `npm run bench -- --json`. The command they time is bundled anew, too.
import { bundle } from './bundle.mjs'
import { bundleCli } from './bundle-cli.mjs'

await bundleCli()
const { url } = await bundle('bench/main.ts', '.cache/bench.mjs')
process.argv[1] = new URL(url).pathname
await import(url)
