// What a machine says of itself, as plain data.

/** Text fields are as the firmware gives them, trimmed; undefined when absent or a vendor's filler ("To be filled by O.E.M."). */
export interface MachineFacts {
  readonly manufacturer?: string;
  readonly model?: string;
  readonly sku?: string;
  readonly serial?: string;
  readonly assetTag?: string;
  /** SMBIOS UUID, upper case with dashes, byte order as Windows shows it. */
  readonly uuid?: string;
  readonly macAddresses: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly memoryBytes: number;
  readonly firmware: 'uefi' | 'bios' | 'unknown';
  readonly architecture: 'x64' | 'arm64' | 'x86';
  readonly system: 'winpe' | 'full-os' | 'rehearsal';
  readonly power: 'mains' | 'battery' | 'unknown';
}
