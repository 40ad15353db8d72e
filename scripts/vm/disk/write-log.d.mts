// Types of write-log.mjs.

/** Something that a disk was told, in its place. */
export interface LogEntry {
  /** `zeroes`: as a write of zeros, without its bytes (NBD's WRITE_ZEROES and TRIM). */
  readonly kind: 'write' | 'zeroes' | 'flush' | 'mark';
  /** Bytes of the disk. */
  readonly offset: number;
  readonly length: number;
  /** Force unit access: durable before it is answered. */
  readonly fua: boolean;
  /** Where its bytes lie in the log. */
  readonly at: number;
  /** Since the log was opened. */
  readonly timeMs: number;
  /** Of a mark. */
  readonly text?: string;
}

export interface WriteLog {
  /** File descriptor, for reading the bytes of an entry. */
  readonly handle: number;
  write(offset: number, length: number, pieces: readonly Uint8Array[], fua: boolean): LogEntry;
  zeroes(offset: number, length: number, fua: boolean): LogEntry;
  flush(): LogEntry;
  mark(text: string): LogEntry;
  forget(): void;
  close(): void;
}

export function createWriteLog(file: string, sizeBytes: number): WriteLog;

export interface ReadLog {
  readonly file: string;
  readonly sizeBytes: number;
  readonly entries: readonly LogEntry[];
}

export function readWriteLog(file: string): ReadLog;
