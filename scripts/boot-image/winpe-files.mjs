// Where each file of winpe/ belongs in a boot image; docs/boot-image.md says the same in words. `/` stands between names.

export const WINPE_FILES = {
  'winpeshl.ini': 'Windows/System32/winpeshl.ini',
  'startnet.cmd': 'Windows/System32/startnet.cmd',
  'prestage.cmd': 'Windows/System32/prestage.cmd',
  'launch.cmd': 'Prestage/launch.cmd',
  'unattend.xml': 'Prestage/unattend.xml',
};

/** Beside the agent in the boot image. */
export const AGENT_PLACE = 'Prestage/prestage.exe';
export const CONFIG_PLACE = 'Prestage/agent.yaml';
export const DRIVERS_PLACE = 'Prestage/drivers';
