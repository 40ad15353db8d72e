// Types and promises of machine.mjs and machine-words.mjs.
export interface MachineParts {
  /** Raw image, or `nbd+unix:///?socket=PATH`. */
  readonly disk?: string;
  readonly start: 'uefi' | 'bios' | 'kernel';
  readonly variables?: string;
  readonly iso?: string;
  readonly bus?: 'virtio' | 'ahci' | 'nvme';
  readonly card?: 'virtio' | 'e1000e';
  readonly network?: string;
  readonly memoryMb?: number;
  readonly serialNumber?: string;
  readonly clock?: string;
  readonly display?: string;
  readonly accelerator?: 'tcg' | 'kvm';
  readonly parameters?: string;
  readonly snapshot?: boolean;
  readonly restarts?: boolean;
  readonly serialLog?: (text: string) => void;
}

/** A line of the serial console, without colours; `seconds` since power-on, by the host's clock. */
export interface SerialLine {
  readonly seconds: number;
  readonly text: string;
}

export interface MachineEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly seconds: number;
  /** What QEMU said on stderr. */
  readonly complaints: string;
}

export interface Machine {
  readonly lines: readonly SerialLine[];
  readonly ended: Promise<MachineEnd>;
  readonly isOver: boolean;
  serial(): string;
  seconds(): number;
  /** Calls for each line from now on. */
  onLine(look: (line: SerialLine) => void): void;
  /** The first line that fits, whether it came already or not. Rejects when the machine ends before or the time is over. */
  line(pattern: RegExp, timeoutMs?: number): Promise<SerialLine>;
  type(text: string): void;
  /** A picture of the screen, as PNG. */
  screenshot(file: string): Promise<unknown>;
  /** Keys by QEMU's names: `a`, `ret`, `shift`. */
  press(...keys: readonly string[]): Promise<unknown>;
  /** A command of QEMU's machine protocol. */
  ask(command: string, words?: object): Promise<unknown>;
  /** SIGKILL to QEMU. */
  kill(): Promise<MachineEnd>;
}

export function powerOn(parts: MachineParts): Machine;
