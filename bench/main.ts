import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dom } from './dom.js'
import { enumerate, measureEnumeration } from './enumerate.js'
import { machine } from './machine.js'
import type { Benchmark, BenchResult } from './result.js'
import { xml } from './xml.js'

/** Every benchmark; a new one is a file and a word here. */
const benchmarks: readonly Benchmark[] = [xml, dom, enumerate, machine]

const table = (results: readonly BenchResult[]): string =>
  [
    '| what | ours | beside | ratio | goal | |',
    '|---|---|---|---|---|---|',
    ...results.map(
      ({ name, value, unit, peer = '-', ratio, goal }) =>
        `| ${name} | ${value.toPrecision(3)} ${unit} | ${peer} | ${ratio.toFixed(2)} | ${goal} | ${ratio <= goal ? 'met' : 'missed'} |`,
    ),
  ].join('\n')

const bounds = (results: readonly BenchResult[]): string =>
  results
    .filter(({ ratio, goal, bound }) => ratio > goal && bound !== undefined)
    .map(({ name, bound }) => `\nWhat bounds "${name}": ${bound} (\`node --cpu-prof\`).\n`)
    .join('')

const page = (results: readonly BenchResult[], skipped: readonly string[]): string => `# Performance

Written by \`npm run bench -- --write\`, on ${cpus()[0]?.model ?? 'an unknown processor'}, ${cpus().length} cores, Node
${process.versions.node}. Peers run in the same run, in turns with ours; figures are medians. A ratio is ours divided
by the peer's, so absolute figures of a slow machine do not matter.

${table(results)}
${bounds(results)}${skipped.map((reason) => `\n${reason}\n`).join('')}`

async function main(argv: readonly string[]): Promise<void> {
  const [tree, replay] = argv.slice(argv.indexOf('--enumerate') + 1)
  if (argv.includes('--enumerate') && tree !== undefined && replay !== undefined) {
    console.log(JSON.stringify(await measureEnumeration(tree, replay)))
    return
  }
  const wanted = argv.filter((word) => !word.startsWith('--'))
  const results: BenchResult[] = []
  const skipped: string[] = []
  for (const benchmark of benchmarks) {
    if (wanted.length > 0 && !wanted.includes(benchmark.name)) continue
    const answer = await benchmark.run()
    if ('skipped' in answer) skipped.push(`Left out: ${benchmark.name}, because ${answer.skipped}.`)
    else results.push(...answer)
  }
  if (argv.includes('--json')) console.log(JSON.stringify({ results }, null, 2))
  else console.log([table(results), ...skipped].join('\n'))
  if (argv.includes('--write')) writeFileSync('docs/performance.md', page(results, skipped))
}

await main(process.argv.slice(2))
