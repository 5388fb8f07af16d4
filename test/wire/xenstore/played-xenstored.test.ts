import { onPlayedXenstored } from '../../fakes/played-xenstored.js'
import { clientSuite } from './client-suite.js'

onPlayedXenstored('XenstoreClient', clientSuite)
