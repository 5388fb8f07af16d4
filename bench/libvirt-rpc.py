# The same loops with libvirt's own client, for libvirt-rpc.ts: each line says how long they took, in seconds.
import sys
import time
import libvirt

conn = libvirt.open(sys.argv[1])
device = conn.nodeDeviceLookupByName(sys.argv[2])
loops = {
    "xml": lambda: device.XMLDesc(0),
    "names": lambda: conn.listDevices(None, 0),
}
for line in sys.stdin:
    name, count = line.split()
    started = time.perf_counter()
    for _ in range(int(count)):
        loops[name]()
    print(time.perf_counter() - started, flush=True)
