// The serial number that this computer's firmware tells, also where no machine can be opened: a Linux at a depot's bench.
import { readFile } from 'node:fs/promises';
import { decodeSmbiosTable } from '../facts/smbios.ts';
import { asFault, Fault } from '../fault/fault.ts';
import type { Machine } from './machine.ts';

/** The SMBIOS structure table as Linux shows it, to root alone (Documentation/ABI/testing/sysfs-firmware-dmi-tables). */
const TABLE_ON_LINUX = '/sys/firmware/dmi/tables/DMI';

/** Faults: USAGE-10 it cannot be read here, MACHINE-* of opening the machine, USAGE-01 the firmware tells none, or a vendor's filler. */
export async function thisSerialNumber(
  openMachine: () => Promise<Machine>,
  table = TABLE_ON_LINUX,
): Promise<string> {
  const serial = await firmwareSerial(openMachine, table);
  if (serial !== undefined) return serial;
  throw new Fault('USAGE-01', '--this-machine', {
    expected: 'a serial number in the firmware; or --serial NUMBER',
    found: 'none, or a filler of the vendor',
  });
}

async function firmwareSerial(
  openMachine: () => Promise<Machine>,
  table: string,
): Promise<string | undefined> {
  let machine: Machine;
  try {
    machine = await openMachine();
  } catch (thrown) {
    if (asFault(thrown).code !== 'USAGE-10') throw thrown;
    return decodeSmbiosTable(await readTable(table)).serial;
  }
  try {
    return (await machine.facts()).serial;
  } finally {
    await machine.close();
  }
}

async function readTable(table: string): Promise<Uint8Array> {
  return readFile(table).catch(cause => {
    throw new Fault(
      'USAGE-10',
      '--this-machine',
      { expected: 'root, to whom alone Linux shows the serial number; or --serial NUMBER', found: table },
      { cause },
    );
  });
}
