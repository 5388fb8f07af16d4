/*
 * A stand-in for the usbback driver, which is in no distribution: it claims the interfaces that are bound to it by hand
 * and does nothing with them, so that what the toolstack does to the host's side of PVUSB can be seen.
 */
#include <linux/module.h>
#include <linux/usb.h>

static bool armed;
module_param(armed, bool, 0644);
MODULE_PARM_DESC(armed, "claim interfaces; off while loading, or every free interface would be taken");

static int usbback_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	return armed ? 0 : -ENODEV;
}

static void usbback_disconnect(struct usb_interface *intf)
{
}

static const struct usb_device_id usbback_ids[] = { { .driver_info = 1 }, {} };

static struct usb_driver usbback_driver = {
	.name = "usbback",
	.probe = usbback_probe,
	.disconnect = usbback_disconnect,
	.id_table = usbback_ids,
};
module_usb_driver(usbback_driver);

MODULE_DESCRIPTION("Stand-in for Xen's usbback");
MODULE_LICENSE("GPL");
