import { describe } from 'vitest'
import { playedQemu } from '../../fakes/qmp-server.js'
import { clientSuite } from './client-suite.js'

describe('QmpClient on a played QEMU', () => {
  clientSuite(playedQemu)
})
