import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeviceEvent } from '../../src/backend.js'
import { mergeDeviceEvents, mergeDomainEvents } from '../../src/model/merge-events.js'

const short = (text: string): DeviceEvent[] =>
  text.split(' ').map((word) => {
    const [kind = '', device = ''] = word.split(':')
    return { kind: kind as DeviceEvent['kind'], device }
  })
const merged = (text: string) =>
  mergeDeviceEvents(short(text)).map((event) => `${event.kind}:${event.device}${event.merged ? '*' : ''}`)

describe('mergeDeviceEvents', () => {
  it.each([
    ['created:a deleted:b', ['created:a', 'deleted:b']],
    ['updated:a updated:a updated:b', ['updated:a*', 'updated:b']],
    ['created:a deleted:a created:b', ['created:b*']],
    ['deleted:a created:a', ['deleted:a', 'created:a']],
    ['deleted:a created:a deleted:a created:a', ['deleted:a*', 'created:a*']],
    ['created:a deleted:a created:a', ['created:a*']],
    ['deleted:a created:a deleted:a', ['deleted:a*']],
    ['driver:a deleted:a created:a link:a', ['deleted:a*', 'created:a', 'link:a']],
    ['driver:a driver:a link:a', ['driver:a*', 'link:a']],
    ['created:a deleted:a', ['deleted:a*']],
    ['defined:a created:a deleted:a', ['defined:a*']],
  ])('makes of %s what leads to the same state', (events, expected) => {
    expect(merged(events)).toEqual(expected)
  })

  it('keeps parents before their children, and bounds what is left by the number of devices', () => {
    const kind = fc.constantFrom('created', 'deleted', 'updated', 'driver', 'link', 'defined', 'undefined' as const)
    const event = fc.record({ kind, device: fc.constantFrom('a', 'b', 'c') }) as fc.Arbitrary<DeviceEvent>
    void fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 200 }), (events) => {
        const left = mergeDeviceEvents(events)
        expect(left.length).toBeGreaterThan(0)
        expect(left.length).toBeLessThanOrEqual(3 * 7)
        expect(mergeDeviceEvents(left).length).toBeLessThanOrEqual(left.length)
        // what comes last of a device stays last, and its state is the same
        for (const device of ['a', 'b', 'c']) {
          const last = (list: readonly DeviceEvent[]) =>
            list.filter((each) => each.device === device && /created|deleted/.test(each.kind)).at(-1)?.kind
          if (last(left) !== undefined) expect(last(left)).toBe(last(events))
        }
      }),
    )
  })
})

describe('mergeDomainEvents', () => {
  it('keeps the devices of a guest apart', () => {
    const added = (alias: string) => ({ kind: 'device-added', domain: 'web', alias }) as const
    const removed = (alias: string) => ({ kind: 'device-removed', domain: 'web', alias }) as const
    expect(mergeDomainEvents([added('a'), added('b'), removed('a')])).toEqual([{ ...added('b'), merged: true }])
  })
})
