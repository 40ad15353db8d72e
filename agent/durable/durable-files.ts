// The one layer through which everything passes that must survive a power cut. Reading is free; every lasting write is here,
// so that a test can cut at each of them and lose what was not flushed.

/** A file being filled at positions. Bytes count as durable only after `flush` has returned. */
export interface PartialFile {
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(lengthBytes: number): Promise<void>;
  flush(): Promise<void>;
  /** Closes without flushing. Safe to call twice. */
  close(): Promise<void>;
}

/** A file and the second name it gets. */
export interface LinkPair {
  readonly from: string;
  readonly to: string;
}

/** What a copy lends and tells. */
export interface CopyTools {
  /** Memory for the pieces; the copy's own while it runs. */
  readonly scratch: Uint8Array;
  /** Gets every piece that was written, in order. What it throws ends the copy. */
  readonly seen: (piece: Uint8Array) => void;
}

/**
 * Durable writes. Every method except those of PartialFile and those called unflushed is durable when its promise resolves: data flushed, renamed,
 * and flushed again under the new name (a rename alone is not durable: measured on ext4 and ntfs3, the last acknowledged rename may be lost).
 * Faults: DISK-01 full, DISK-02 not writable, DISK-03 any other error of the disk; the native code in `detail.native`.
 */
export interface DurableFiles {
  /** Makes a folder and its parents. Existing is fine. */
  makeFolder(path: string): Promise<void>;
  /** Makes many, with one flush for all that lie in the same folder. */
  makeFolders(paths: readonly string[]): Promise<void>;
  /** Replaces the whole file: temporary name beside it, write, flush, rename, flush. Readers see old or new. */
  replaceFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Appends bytes to a file (made when absent) and flushes. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Opens for writing at positions; made when absent, content kept when present. */
  openPartial(path: string): Promise<PartialFile>;
  /** Sets when a file was last modified: a time that a copy shall keep. Durable with the next flush of the file, such as that of its rename. */
  setModified(path: string, modified: Date): Promise<void>;
  /** Renames a file or folder; for a file, flushes it again under its new name. An existing file there is replaced; an existing folder is a fault. */
  rename(from: string, to: string): Promise<void>;
  /** Copies one file durably (copy, flush). Used where a link is not possible. */
  copyFile(from: string, to: string): Promise<void>;
  /** Copies many files to names that are absent, each file flushed once and each folder once: what a staged tree is made of. */
  copyAll(pairs: readonly LinkPair[]): Promise<void>;
  /**
   * Copies a file to an absent name, and makes the folders that it needs. Nothing of it is durable before `flushTrees` of a folder above has
   * returned: many files are flushed together in a fraction of the time. It keeps the thread until the file is copied.
   */
  copyUnflushed(from: string, to: string, tools: CopyTools): Promise<void>;
  /** Writes a file of an absent name, as `copyUnflushed` does. */
  writeUnflushed(path: string, bytes: Uint8Array): Promise<void>;
  /** Flushes these files, data and names: many of them together in a fraction of the time. Nothing is done for none. */
  flushFiles(paths: readonly string[]): Promise<void>;
  /** Flushes everything below these folders, data and names, and their own names. */
  flushTrees(folders: readonly string[]): Promise<void>;
  /** Makes a second name for a file where the file system can; otherwise copies it. The target must be absent. */
  linkOrCopy(from: string, to: string): Promise<void>;
  /** The same for many files, each folder flushed once: what a staged tree is made of. Targets must be absent. */
  linkOrCopyAll(pairs: readonly LinkPair[]): Promise<void>;
  /** Removes a file or a whole tree without following links; absent is fine. Read-only attributes are cleared. */
  remove(path: string): Promise<void>;
  /** Removes everything in a folder but the names that `spares` holds back. What lies on another volume that is mounted in it is left alone. */
  clear(folder: string, spares: (name: string) => boolean): Promise<void>;
}
