// The machine as the steps see it: volumes, images, boot files, drivers, programs, power. Two kinds exist: Windows (WinPE or full OS) and a
// folder that poses as a machine (rehearsal). Both pass one contract suite.
import type { MachineFacts } from '../facts/machine-facts.ts';
import type { Advance } from '../progress/event.ts';
import type { WimImage } from '../wim/images.ts';

/** A volume. Remembered by `id` (the volume GUID path on Windows), never by letter. */
export interface Volume {
  readonly id: string;
  readonly label: string;
  /** Root as node:fs takes it, with a trailing separator only where the system needs one (`D:\`). */
  readonly root: string;
  readonly fileSystem: string;
  readonly kind: 'fixed' | 'removable' | 'optical' | 'network' | 'ram' | 'unknown';
  readonly sizeBytes: number;
  readonly freeBytes: number;
}

/** A physical disk, as the system lists it whether or not it has volumes. */
export interface Disk {
  /** As diskpart numbers it, from 0. */
  readonly number: number;
  /** To the byte where the driver tells, else rounded down as diskpart prints it; 0 where there is no medium (an empty card reader). */
  readonly sizeBytes: number;
  /** undefined where the state is told in words of a language that is not known. */
  readonly online?: boolean;
  /** How it is attached, where the system tells. */
  readonly bus?: 'nvme' | 'sata' | 'scsi' | 'sas' | 'raid' | 'usb' | 'sd' | 'virtual';
  /** IDs of the volumes on it, as `volumes()` names them, where the system tells. */
  readonly volumes?: readonly string[];
}

/** One image inside a WIM, as its XML tells. */
export type ImageInfo = WimImage;

/** Applying and capturing images: wimgapi.dll or libwim behind one interface with one contract suite. */
export interface Imaging {
  /** `wimgapi` or `wimlib`, with the library's path or version, for the report. */
  readonly name: string;
  /** Faults: IMAGE-01 not a WIM, IMAGE-02 damaged, USAGE-08 not readable. */
  listImages(wimPath: string): Promise<readonly ImageInfo[]>;
  /**
   * Whether image `index` has this file, whatever the case of its name; `/` between names. Undefined where the library cannot tell.
   * Faults: IMAGE-02, IMAGE-04.
   */
  hasFile(request: {
    readonly wim: string;
    readonly index: number;
    readonly path: string;
  }): Promise<boolean | undefined>;
  /**
   * Applies image `index` (from 1) into the existing folder `target`; `temporary` must lie on the target's volume. Progress is 0..totalBytes and never falls.
   * Aborting `signal` stops the native call and throws STOP-01. Faults: IMAGE-02, IMAGE-03, IMAGE-04 with `detail.native`, DISK-01.
   */
  apply(request: {
    readonly wim: string;
    readonly index: number;
    readonly target: string;
    readonly temporary: string;
    readonly signal?: AbortSignal;
    readonly advance?: Advance;
  }): Promise<void>;
  /**
   * Applies image `index` (from 1) onto the NTFS volume that the plain file `volumeFile` holds, mounted nowhere: names and short names, attributes,
   * security, streams, hard links and times as in the WIM. Only where the library can (libwim on Linux); otherwise absent, or the fault USAGE-10.
   * Progress and other faults as of `apply`; what an abort leaves is no sound volume.
   */
  applyToNtfs?(request: {
    readonly wim: string;
    readonly index: number;
    readonly volumeFile: string;
    readonly signal?: AbortSignal;
    readonly advance?: Advance;
  }): Promise<void>;
  /**
   * Writes a new WIM whose images are captures of folders, with an integrity table; to a temporary name beside `wim`, renamed when whole. Faults: IMAGE-08, DISK-01, USAGE-10 where the library cannot.
   */
  capture(request: {
    readonly wim: string;
    readonly images: readonly {
      readonly folder: string;
      readonly name: string;
      readonly description?: string;
    }[];
    readonly compression: 'none' | 'xpress' | 'lzx';
    readonly bootIndex?: number;
    /** The caller flushes the WIM, at the same time as something else; otherwise it is flushed before the promise resolves. */
    readonly unflushed?: boolean;
    readonly signal?: AbortSignal;
    readonly advance?: Advance;
  }): Promise<void>;
}

/** A program to run. `command` is a Windows command line as authored; no shell interprets it (cmd.exe only for .cmd and .bat). */
export interface ProgramRequest {
  readonly command: string;
  readonly folder: string;
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Replaces `%NAME%` by the variables of the environment before anything else, as a shell would; unknown ones stay. */
  readonly expands?: boolean;
  readonly signal?: AbortSignal;
  /** Where Windows Installer shall write its verbose log when the command is msiexec and names no log itself. Its folder exists. */
  readonly msiLog?: string;
  /** It only asks: a rehearsal does not take it for an installer. */
  readonly asksOnly?: boolean;
}

export interface ProgramResult {
  /** As Windows reports it: 0..4294967295 (3010 stays 3010). undefined when it was stopped by its timeout. */
  readonly exitCode?: number;
  readonly timedOut: boolean;
  /** Decoded console output, the last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
  /** True on the rehearsal machine: recorded, not run. */
  readonly rehearsed: boolean;
}

export interface Machine {
  readonly kind: 'windows' | 'folder';
  readonly imaging: Imaging;
  facts(): Promise<MachineFacts>;
  volumes(): Promise<readonly Volume[]>;
  /** Every physical disk that the system sees, also those without a volume. diskpart. Fault: DISK-05 when it cannot be told. */
  disks(): Promise<readonly Disk[]>;
  /** The volume whose files the firmware starts (the ESP), mounted where node:fs reaches it, or undefined when there is none (BIOS, one-volume rehearsal). */
  systemVolume(): Promise<Volume | undefined>;
  /** Flushes everything written to the volume; in the new Windows also what was set in its registry. */
  flush(volume: Volume): Promise<void>;
  /** Writes boot files for the Windows in `windowsFolder` and adds it to the boot menu as the last entry; the media stays the default. bcdboot /addlast. Fault: IMAGE-06. */
  addBootEntry(windowsFolder: string): Promise<void>;
  /**
   * Tells the Windows in `windowsFolder` where its recovery environment lies, for its first start to enable. reagentc /setreimage; can be repeated.
   * @returns false when that Windows brings none (`System32\Recovery\Winre.wim`), and then nothing was done. Fault: IMAGE-06.
   */
  setRecovery(windowsFolder: string): Promise<boolean>;
  /** True when the boot store has an entry for the Windows on that volume. */
  hasBootEntry(windowsFolder: string): Promise<boolean>;
  /** Makes that Windows what the firmware starts next and from then on. The arming step: nothing comes after it. Fault: IMAGE-06. */
  makeDefault(windowsFolder: string): Promise<void>;
  /**
   * Makes the media what the firmware starts again, where a Windows has become that: before anything of it is changed. @returns false when there was
   * nothing to do, or the boot store has no media. Fault: IMAGE-06.
   */
  returnToMedia(): Promise<boolean>;
  /** Removes the media's own boot entry, after `continue` has succeeded. */
  retireMediaBootEntry(): Promise<void>;
  /** Adds the drivers below `folder` to the offline image. dism /Add-Driver /Recurse. Fault: IMAGE-07. */
  addDrivers(imageRoot: string, folder: string): Promise<void>;
  /** Runs a program to its end. Faults: PKG-03 when it cannot be started, MACHINE-03 when it was made for another architecture. */
  run(request: ProgramRequest): Promise<ProgramResult>;
  /** One detection rule of an application, asked of this machine. */
  detects(rule: import('../content/manifest.ts').DetectionRule): Promise<boolean>;
  /** The full OS's Setup has ended (HKLM\SYSTEM\Setup: SystemSetupInProgress and OOBEInProgress are 0). */
  isSetupComplete(): Promise<boolean>;
  /** Removes `folder` (which may hold the running program), `others`, and then the start-up task: the last thing a deployment does. */
  retire(folder: string, ...others: readonly string[]): Promise<void>;
  restart(): Promise<void>;
  /** Leaves a file, or a folder and all below it, to SYSTEM and Administrators alone (icacls). Can be repeated. Fault: DISK-06. */
  protect(target: string): Promise<void>;
  /**
   * Makes a disk ready for Windows: GPT with EFI system partition, MSR and one NTFS volume (diskpart). Everything on it is lost. @returns the new
   * NTFS volume. Faults: DISK-05.
   */
  partition(disk: number): Promise<Volume>;
  /** Sets the system's clock (UTC). Fault: MACHINE-04. */
  setClock(time: Date): Promise<void>;
  /** A registry value as text (numbers in decimal), or `true` for a key asked for without value; undefined when absent. Full OS. */
  readRegistry(key: string, value?: string): Promise<string | true | undefined>;
  /** A file or folder of this machine: whether it is there, and its version where it has one. Environment variables are expanded. */
  lookAt(path: string): Promise<{ readonly kind: 'file' | 'folder'; readonly version?: string } | undefined>;
  /** Lets device encryption start again that the answer file held off; what the image said of it itself stays. Full OS. Fault: DISK-05. */
  releaseEncryption(): Promise<void>;
  close(): Promise<void>;
}
