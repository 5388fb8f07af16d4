import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { ContainerConfig } from '../../src/formats/container-config.js'
import { configWord } from '../../src/formats/container-hostdevs.js'
import { toPciAddress } from '../../src/model/pci-address.js'
import { type Transcript, transcripts } from '../fakes/vzctl/transcript.js'
import { needs } from '../needs.js'

/** Where our editor does otherwise than vzctl did, and why. */
const otherwise: Readonly<Record<string, string>> = {
  '17-shell-meta': 'a name that a shell would run is refused',
  '20-backslash': 'a name that a shell would change is refused',
  '21-dollar-backtick': 'a name that a shell would run is refused',
  '23-long-600': 'a name that no interface has is refused',
  '24-long-20000': 'a name that no interface has is refused',
  '52-conf-trailing-comment': 'vzctl writes the name into the comment',
  '54-conf-unquoted-comment': 'vzctl takes the comment for names',
  '56-conf-leading-space': 'vzctl adds a second line beside one that is indented',
  '58-conf-unmatched-quote': 'a line that a shell cannot read is refused; vzctl drops what it says',
  '59-conf-continuation': 'a line that a shell reads otherwise than vzctl is refused; vzctl drops what it says',
  '67-conf-reserved-in-file': 'vzctl drops what stands behind a name that it does not like',
  '79-comma-in-conf': 'a comma parts names, as vzctl 9 and the scripts around vzctl 4 have it',
  '82-devnodes-none': 'vzctl also adds an empty DEVICES',
  '95-devices-none': 'vzctl also adds an empty DEVNODES',
  'f4-devnodes-dotdot': 'a path that leads out of /dev is refused',
  '85-devnodes-notdev': 'what a node is shows on the host, at which the backend looks, not the editor',
  '88-devnodes-colon-name': 'a device may be given for the next start though it is not there now',
  '97-devices-loop-denied': 'vzctl 4 alone refuses loop devices',
  'a3-many-devnodes-overflow': 'vzctl 4 crashes',
  'z7-17-meta': 'a name that a shell would run is refused',
  'z7-18-dquote': 'a name with a quote is refused',
  'z7-19-newline': 'a name with a line break is refused, which would be a line of its own',
  'z7-22-hash': 'a name that begins a comment is refused',
  'z7-24-long70000': 'a name that no interface has is refused',
  'z7-16-empty': 'a name without letters is refused; vzctl does nothing, which is the same',
  'z7-46-conf-unmatched': 'a line that a shell cannot read is refused',
  'z7-48-conf-esc': 'a line with a name that no interface has is refused',
  'z7-50-conf-nofinalnl': 'vzctl joins the new line to the last one',
  'z7-51-conf-reserved': 'vzctl refuses every change of a file that has a name that it does not like',
  'z7-55-del-dup-lines': 'vzctl empties every line of a key, and loses what the first one has',
  'z7-62-devnodes-none': 'vzctl also adds an empty DEVICES',
  'z7-65-devnodes-many': 'vzctl takes repeated entries out',
  'z7-67-devices-second': 'vzctl forgets the devices that were there',
  'z7-69-devices-loop': 'vzctl also adds an empty DEVNODES',
  'z7-72-pci-del': 'vzctl refuses every change while the config names a PCI device that has gone',
}

/** One change of one list, that is to be stored; `undefined` for other calls. */
function changeOf({ argv, generation }: Transcript): ((config: ContainerConfig) => void) | undefined {
  const [program, verb, , written = '', value = '', save] = argv.filter((word) => word !== '--verbose')
  const option = written.replace('--', '').replaceAll('-', '_')
  if (program !== 'vzctl' || verb !== 'set' || save !== '--save') return undefined
  const rest = argv.filter((word) => word !== '--verbose').slice(6)
  if (rest.length > 0 && rest[0] !== '--setmode') return undefined
  const [, kind, side] = /^(netdev|pci)_(add|del)$/.exec(option) ?? []
  const letters = value.slice(value.lastIndexOf(':') + 1)
  const path =
    option === 'devices'
      ? `/dev/${value.startsWith('b') ? 'block' : 'char'}/${value.split(':').slice(1, 3).join(':')}`
      : `/dev/${value.slice(0, value.lastIndexOf(':'))}`
  return (config) => {
    if (option === 'devnodes' || option === 'devices') {
      const word = configWord({ kind: 'misc', source: { char: path } }, letters === 'none' ? 'rw' : letters)
      if (letters === 'none') config.drop(word)
      else config.put(word)
    } else if (kind !== undefined) {
      const def =
        kind === 'netdev'
          ? ({ kind: 'net', source: { interface: value } } as const)
          : ({ kind: 'pci', managed: false, source: { address: toPciAddress(value) } } as const)
      if (side === 'add') config.put(configWord(def))
      else config.drop(configWord(def))
    } else throw new Error(`the option ${option} of vzctl ${generation} is not known here`)
  }
}

const ours = transcripts().flatMap((run) => {
  const isDevices = /^--(netdev|pci)[_-](add|del)$|^--dev(nodes|ices)$/
  const change = run.argv.some((word) => isDevices.test(word)) ? changeOf(run) : undefined
  return change && run.before !== undefined ? [{ ...run, before: run.before, after: run.after ?? '', change }] : []
})

/** What our editor makes of the config, or that it refuses. */
function edited({ before, change }: (typeof ours)[number]): string {
  const config = new ContainerConfig(before)
  try {
    change(config)
  } catch (error) {
    if (VirtError.is(error)) return 'refused'
    throw error
  }
  return config.toString()
}

describe('the editor of containers’ configs', () => {
  needs('the recorded runs of vzctl are not beside the project', ours.length > 0).describe(
    'beside a real vzctl',
    () => {
      it.each(ours.filter(({ name }) => !Object.hasOwn(otherwise, name)))('does as it did in $name', (run) => {
        // vzctl changes nothing where it refuses; nor do we
        expect(edited(run)).toBe(run.status === 0 ? run.after : 'refused')
      })

      it.each(Object.entries(otherwise))('does otherwise than in %s: %s', (name) => {
        const run = ours.find((each) => each.name === name)
        expect(run).toBeDefined()
        if (run) expect(edited(run)).not.toBe(run.status === 0 ? run.after : 'refused')
      })

      it('is compared in as many runs as were recorded of one change', () => {
        expect(ours.length).toBeGreaterThanOrEqual(60)
      })
    },
  )
})
