import type { AddCommand } from '../cli.js'
import type { ConvertFlags } from '../convert-hostdev.js'

/** `hostdev convert`: a hostdev from a file, or standard input, in another format. */
export const addConvert: AddCommand = (cli) => {
  cli.root
    .command('convert')
    .description('say a hostdev in another format: libvirt, proposal-2008, host-2007, qemu, xl, openvz…')
    .argument('[file]', 'where it stands; standard input unless told')
    .requiredOption('--to <format>', 'the format it is to be said in')
    .option('--from <format>', 'the format it is in; found out unless told')
    .action(async (file: string | undefined, flags: ConvertFlags) => {
      // no other command needs all the formats
      const { convertHostdev } = await import('../convert-hostdev.js')
      await convertHostdev(cli, file, flags)
    })
}
