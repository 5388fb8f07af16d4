import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A CA of the tests' own, whose certificates openssl makes in a folder. */
export interface TestCa {
  readonly certificate: string
  /** A certificate and its key; of a server where it has names. Days below 0: it has expired. */
  issue(name: string, names?: readonly string[], days?: number): { cert: string; key: string }
  /** A folder as `pkipath` wants it, with a certificate of this CA or another's, trusting this one. */
  clientFolder(name: string, issuer?: TestCa): string
}

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })

/** Makes a CA. Its files can be read by everybody: they protect nothing. */
export function testCa(folder: string, ca: string): TestCa {
  const file = (name: string) => join(folder, `${ca}-${name}`)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const own = { cert: file('ca.pem'), key: file('ca-key.pem') }
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  openssl('req', '-x509', ...key, '-keyout', own.key, '-out', own.cert, '-subj', `/CN=${ca}`, '-days', '30', ...usage)

  const issue: TestCa['issue'] = (name, names, days = 30) => {
    const made = { cert: file(`${name}.pem`), key: file(`${name}-key.pem`) }
    const extensions = file(`${name}.ext`)
    writeFileSync(
      extensions,
      names ? `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth\n` : 'extendedKeyUsage=clientAuth\n',
    )
    const request = file(`${name}.csr`)
    openssl('req', '-new', ...key, '-keyout', made.key, '-out', request, '-subj', `/CN=${name}`)
    const signing = ['-CA', own.cert, '-CAkey', own.key, '-CAcreateserial', '-extfile', extensions]
    openssl('x509', '-req', '-in', request, '-out', made.cert, '-days', String(days), ...signing)
    chmodSync(made.key, 0o644)
    return made
  }

  return {
    certificate: own.cert,
    issue,
    clientFolder(name, issuer) {
      const made = (issuer?.issue ?? issue)(name)
      const path = file(`${name}.d`)
      mkdirSync(path)
      copyFileSync(own.cert, join(path, 'cacert.pem'))
      copyFileSync(made.cert, join(path, 'clientcert.pem'))
      copyFileSync(made.key, join(path, 'clientkey.pem'))
      return path
    },
  }
}
