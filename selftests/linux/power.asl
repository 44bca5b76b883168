// SPDX-License-Identifier: GPL-2.0-only
// Frequencies for QEMU's two processors, whose platform rules out more of the fastest each
// time that somebody asks for the status of XPPC, up to more than there are; and tells.
DefinitionBlock ("", "SSDT", 2, "XENLIT", "POWER", 1)
{
	External (\_SB.CPUS.C000, DeviceObj)
	External (\_SB.CPUS.C001, DeviceObj)
	Name (\LIM0, 0)
	Name (\LIM1, 1)
	Name (\PSS, Package () {	// MHz, mW, us, us, control, status
		Package () { 2000, 30000, 10, 10, 0x14, 0x14 },
		Package () { 1600, 20000, 10, 10, 0x10, 0x10 },
		Package () { 1200, 10000, 10, 10, 0x0c, 0x0c },
		Package () { 800, 5000, 10, 10, 0x08, 0x08 }
	})
	Name (\PCT, Package () {
		ResourceTemplate () { Register (FFixedHW, 0, 0, 0) },
		ResourceTemplate () { Register (FFixedHW, 0, 0, 0) }
	})
	Scope (\_SB.CPUS.C000) {
		Method (_PSS) { Return (\PSS) }
		Method (_PCT) { Return (\PCT) }
		Method (_PPC) { Return (\LIM0) }
		Method (_PSD) { Return (Package () { Package () { 5, 0, 0, 0xFD, 1 } }) }
	}
	Scope (\_SB.CPUS.C001) {
		Method (_PSS) { Return (\PSS) }
		Method (_PCT) { Return (\PCT) }
		Method (_PPC) { Return (\LIM1) }
		Method (_PSD) { Return (Package () { Package () { 5, 0, 1, 0xFD, 1 } }) }
	}
	Device (\_SB.XPPC) {
		Name (_HID, "XPPC0001")
		Method (_STA) {
			Store (And (Add (\LIM0, 1), 7), \LIM0)
			Store (And (Add (\LIM1, 1), 7), \LIM1)
			Notify (\_SB.CPUS.C000, 0x80)
			Notify (\_SB.CPUS.C001, 0x80)
			Return (0x0F)
		}
	}
}
