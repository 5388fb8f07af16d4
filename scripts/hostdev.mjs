// Runs the command as the sources stand: `npm start`, `npm run hostdev -- ARGS`.
import { pathToFileURL } from 'node:url'
import { bundleCli, cliFile } from './bundle-cli.mjs'

await bundleCli()
await import(pathToFileURL(cliFile).href)
