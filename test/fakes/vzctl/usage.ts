/** What each generation prints as its usage, as far as it is about devices of containers. */
export const usage = {
  4: `vzctl version 4.11.1
Usage: vzctl [options] <command> <ctid> [parameters]
   [--netdev_add <name>] [--netdev_del <name>] [--netif_add <name>] [--netif_del <name>]
   [--devnodes device:r|w|rw|none] [--devices b|c:major:minor:r|w|rw|none]
   [--pci_add <address>] [--pci_del <address>]`,
  9: `vzctl v.9.0.1

Usage:
   [--netdev_add <name> [--netdev_del <name>]
   [--pci_add [<domain>:]<bus>:<slot>.<func>] [--pci_del <d:b:s.f>]`,
} as const
