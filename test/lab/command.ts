import { parseArgs } from 'node:util'
import { type BootOptions, boot, machine } from './boot.js'
import { build, type MachineName } from './images.js'
import type { Machine } from './machine.js'

const usage = `npm run lab -- [xen|sriov] build             make the images, or take them from the cache
                     run 'SCRIPT'            build, boot, run the bash SCRIPT in the guest, stop
                     start                   build, boot, leave running
                     exec 'SCRIPT'           run SCRIPT in the running guest
                     hmp 'COMMAND'           talk to the machine's monitor as one types it
                     qmp COMMAND ['JSON']    or as programs do
                     stop
--project FOLDER is what the guest sees as /project (this checkout); --iommu gives Xen an IOMMU for PCI assignment,
in place of HVM guests. docs/lab.md says the rest.`

/** The machines that have to be named. */
const others = ['sriov', 'xen'] as const

// A user at a terminal decides himself how long a command may take.
const patient = {
  timeout: 24 * 3600_000,
  onStdout: (text: string) => process.stdout.write(text),
  onStderr: (text: string) => process.stderr.write(text),
}

const commands: Record<string, (name: MachineName, args: string[], options: BootOptions) => Promise<unknown>> = {
  build,
  async run(name, [script], options) {
    const booted = await start(name, options)
    try {
      await exec(booted, script)
    } finally {
      await booted.stop()
    }
  },
  start: (name, _, options) => start(name, options),
  exec: (name, [script]) => exec(machine(name), script),
  stop: (name) => machine(name).stop(),
  hmp: async (name, args) => console.log(await machine(name).hmp(args.join(' '))),
  qmp: async (name, [command = 'query-status', json = '{}']) =>
    console.log(JSON.stringify(await machine(name).qmp(command, JSON.parse(json)))),
}

async function start(name: MachineName, options: BootOptions): Promise<Machine> {
  await build(name)
  const began = Date.now()
  const booted = await boot(name, options)
  console.error(`[lab] ${name} is up after ${((Date.now() - began) / 1000).toFixed(1)} s`)
  return booted
}

async function exec(booted: Machine, script: string | undefined): Promise<void> {
  if (script === undefined) throw new Error('Which SCRIPT is to run in the guest?')
  process.exitCode = (await booted.exec(script, patient)).status
}

async function main(argv: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { project: { type: 'string' }, iommu: { type: 'boolean' } },
  })
  const name = others.find((other) => other === positionals[0]) ?? 'lab'
  const [verb = '', ...args] = name === 'lab' ? positionals : positionals.slice(1)
  const command = commands[verb]
  if (command === undefined) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  await command(name, args, values)
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`lab: ${error.message}`)
  process.exitCode = 1
})
