import { commands } from './commands.js'
import { host } from './host.js'
import { hostdevs, qemu } from './hostdev.js'
import { nodedev } from './nodedev.js'
import { serve } from './protocol.js'
import { xl } from './xl.js'

// Answers the conformance protocol on standard input and output. A file of operations is a subject's.
await serve({ ping: () => ({}), ...nodedev, ...hostdevs, ...qemu, ...host, ...commands, ...xl })
