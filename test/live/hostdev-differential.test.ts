import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { hostdev } from '../../src/model/hostdev.js'
import { guestInterface } from '../../src/model/interface.js'
import type { Document } from '../../src/xml/document.js'
import { parseXml } from '../../src/xml/parse.js'
import { arbitrary, type Schema } from '../model/arbitrary-def.js'
import { needs } from '../needs.js'
import { randomFrom, respell } from './respell.js'
import { type Answer, defineAll } from './virsh-define.js'

// other documents each time, by a seed that the suite's title has; in CI the same, so that a change is judged by itself
const seed = Number(process.env.SEED ?? (process.env.CI ? 529752 : Math.floor(Math.random() * 2 ** 31)))
const count = 1000

const version = spawnSync('virsh', ['--version'], { encoding: 'utf8' }).stdout?.trim()
const { describe } = needs(version === undefined ? 'no virsh is installed' : undefined)

/** What libvirt 9.0 writes unescaped, or as another path than it read. */
const spoilt =
  /[^\n -~]|&#|<(adapter|backend|source protocol='iscsi'|teaming|alias|parameters|host) [^>]*&|tap='[^']*(\/'|\/\/|\.)/

/** For a SCSI device at controller 4,000,000,000, libvirt adds four thousand million controllers. */
const crowded = /<address type='drive' controller='\d{2,}'/

/** Documents that a def of the schema makes, in odd spellings; defs that a rule refuses make none. */
function documents(document: Document<unknown>, random: (below: number) => number): string[] {
  const made: string[] = []
  const schema = arbitrary(document.schema() as Schema)
  for (let round = 0; made.length < count; round++)
    for (const def of fc.sample(schema, { numRuns: count, seed: seed + round }))
      try {
        const xml = document.format(withoutNews(def))
        if (!spoilt.test(xml) && !crowded.test(xml)) made.push(respell(xml, random))
      } catch (error) {
        expect(VirtError.is(error)).toBe(true)
      }
  return made.slice(0, count)
}

/** What libvirt 9.0 does not know yet, by path. */
const news = [/^display$/, /^ramfb$/, /^driver\.(model|iommufd)$/, /^acpi\.nodeset$/, /^source\.address\.port$/]

function withoutNews(def: unknown, at = ''): unknown {
  if (typeof def !== 'object' || def === null || Array.isArray(def)) return def
  const { kind } = def as { kind?: string }
  const path = (key: string) => (at ? `${at}.${key}` : key)
  const isNew = (key: string) => news.some((pattern) => pattern.test(path(key))) && kind !== 'mdev'
  const kept = Object.entries(def).filter(([key]) => !isNew(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutNews(value, path(key))]))
}

/** What libvirt makes up for an interface, unless the words before it are given. */
const invented: readonly [string | undefined, RegExp][] = [
  [undefined, /<target [^>]*\/>/],
  ['<mac address=', /<mac [^>]*\/>/],
  ['instanceid=', / instanceid='[^']*'/],
  ['interfaceid=', / interfaceid='[^']*'/],
]

/** The document without white space and inventions. */
function tree({ xml }: Answer, given: string): string | undefined {
  const own = invented.filter(([words]) => words === undefined || !given.includes(words))
  const text = own.reduce((rest, [, pattern]) => rest.replace(pattern, ''), xml ?? '')
  const dense = text.replace(/<parameters *\/>/, '').replace(/>\s+<\//g, '></')
  return text && JSON.stringify(parseXml(dense).toRaw())
}

function ours(document: Document<unknown>, xml: string): Answer {
  try {
    return { xml: document.format(document.parse(xml, { compat: true }), { compat: true }) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

/** Documents of which libvirt and we make different things. */
function differences(document: Document<unknown>): object[] {
  const xmls = documents(document, randomFrom(seed))
  const answers = defineAll(xmls)
  return xmls
    .map((xml, n) => ({ xml, libvirt: answers[n] ?? {}, ours: ours(document, xml) }))
    .filter(({ xml, libvirt, ours }) => tree(libvirt, xml) !== tree(ours, xml))
}

/** Documents that libvirt's schema takes and ours does not, or the other way. */
function disagreements(document: Document<unknown>): object[] {
  const xmls = documents(document, randomFrom(seed)).slice(0, count / 4)
  const answers = defineAll(xmls, { validate: true })
  return (
    xmls
      .map((xml, n) => ({
        xml,
        libvirt: !answers[n]?.error?.includes('failed to validate against schema'),
        ours: document.validate(xml),
      }))
      // the schema of 9.0 wants the name of a driver, later ones do not
      .filter(({ xml, libvirt, ours }) => libvirt !== (ours.length === 0) && !/<driver\s*(\/>|><\/driver>)/.test(xml))
  )
}

describe(`${count} documents of SEED=${seed}, read by libvirt ${version}`, () => {
  it.each<[string, Document<unknown>]>([
    ['hostdev', hostdev],
    ['interface', guestInterface],
  ])('mean the same to both: %s', (_, document) => {
    expect(differences(document)).toEqual([])
  })

  it('satisfy the schema for both', { timeout: 120_000 }, () => {
    expect(disagreements(hostdev)).toEqual([])
  })
})
