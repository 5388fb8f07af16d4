import { describe, expect, it } from 'vitest'
import { scram } from '../../../src/wire/sasl/scram.js'

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()
const bytes = (value: string) => Buffer.from(value)
const pencil = { user: 'user', password: 'pencil' }

/** The example of RFC 7677. */
const nonce = 'rOprNGfwEbeRWgbNEkqO'
const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='
const begin = () => scram('SHA-256', () => nonce).begin(pencil)

describe('scram', () => {
  it('says what RFC 7677 says for SHA-256', async () => {
    const login = begin()
    expect(text(login.first())).toBe(`n,,n=user,r=${nonce}`)
    expect(text(await login.next(bytes(serverFirst)))).toBe(
      `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    )
    expect(await login.next(bytes(serverFinal))).toBeUndefined()
    expect(() => login.finish()).not.toThrow()
  })

  it('says what RFC 5802 says for SHA-1', async () => {
    const login = scram('SHA-1', () => 'fyko+d2lbbFgONRv9qkxdawL').begin(pencil)
    expect(text(login.first())).toBe('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL')
    const challenge = 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096'
    expect(text(await login.next(bytes(challenge)))).toBe(
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    )
    await login.next(bytes('v=rmF9pqV8S7suAoZWja4dJRkFsKQ='))
    login.finish()
  })

  it('has another nonce each time', () => {
    const first = () => text(scram('SHA-256').begin(pencil).first())
    expect(first()).not.toBe(first())
  })

  it('escapes what a name may hold', () => {
    const login = scram('SHA-256', () => 'N').begin({ user: 'a=b,c', password: 'x' })
    expect(text(login.first())).toBe('n,,n=a=3Db=2Cc,r=N')
  })

  it.each([
    ['another nonce', serverFirst.replace(nonce, 'somebody'), /nonce or salt/],
    ['no more than our nonce', serverFirst.replace('%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', ''), /nonce or salt/],
    ['no salt', serverFirst.replace(/s=[^,]*/, 's='), /nonce or salt/],
    ['few rounds', serverFirst.replace('4096', '1'), /1 rounds of the hash/],
    ['rounds for ever', serverFirst.replace('4096', '4294967295'), /4294967295 rounds/],
    ['no number of rounds', serverFirst.replace('4096', '0x1000'), /0x1000 rounds/],
    ['an extension', `m=x,${serverFirst}`, /extension/],
    ['something else', 'hello', /does not speak SCRAM/],
  ])('refuses a server that offers %s', async (_what, challenge, message) => {
    await expect(begin().next(bytes(challenge))).rejects.toMatchObject({
      code: 'auth-failed',
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['that proves nothing', 'v=', /does not know the password itself/],
    ['whose proof is wrong', serverFinal.replace('6', '7'), /does not know the password itself/],
    ['that says that the login failed', 'e=invalid-proof', /invalid-proof/],
  ])('refuses a server %s', async (_what, last, message) => {
    const login = begin()
    await login.next(bytes(serverFirst))
    await expect(login.next(bytes(last))).rejects.toMatchObject({ message: expect.stringMatching(message) })
    expect(() => login.finish()).toThrow(/without proof/)
  })

  it('refuses a server that ends the login early', () => {
    expect(() => begin().finish()).toThrow(expect.objectContaining({ code: 'auth-failed' }))
  })
})
