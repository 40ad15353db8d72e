// Device encryption, which Windows starts by itself on modern hardware: held off while the deployment goes on, then left to Windows again.
import type { Registry } from './registry.ts';
import type { WindowsTools } from './windows-tool.ts';

/**
 * The value by which Windows leaves a new device alone, and the sign that it was this deployment that set it: what an image brings stays.
 * The registry, and not the answer file's Microsoft-Windows-SecureStartup-FilterDriver, which writes the same value: that component is told to be
 * for Windows 8 on certain hardware only and is not in every edition. Source: Microsoft, "BitLocker drive encryption in Windows 11 for OEMs".
 */
export const ENCRYPTION_HOLD_OFF = {
  key: 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\BitLocker',
  value: 'PreventDeviceEncryption',
  signKey: 'HKLM\\SOFTWARE\\Prestage',
  signValue: 'EncryptionHeldOff',
} as const;

/** Cut between its two changes it is repeated: the sign goes last. Does nothing without the sign. @throws Fault DISK-05 with the tool's words. */
export async function releaseEncryption(tools: WindowsTools, registry: Registry): Promise<void> {
  const { key, value, signKey, signValue } = ENCRYPTION_HOLD_OFF;
  if (registry.value(signKey, signValue) === undefined) return;
  if (registry.value(key, value) !== undefined)
    await tools.run('reg', ['delete', key, '/v', value, '/f'], {
      code: 'DISK-05',
      subject: `${key}\\${value}`,
    });
  await tools.run('reg', ['delete', signKey, '/f'], { code: 'DISK-05', subject: signKey });
}
