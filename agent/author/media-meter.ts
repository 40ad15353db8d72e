// How far making a media is: one percentage over its three passes.
import type { Observe } from '../progress/event.ts';
import type { MediaSelection } from './select-content.ts';

/** The digest of the WIM takes about so much of the time that capturing takes (measured). */
const DIGEST_SHARE = 0.1;

/** Collecting and capturing each pass over the content once, and the WIM is digested in the end; together they are the whole. */
export class MediaMeter {
  readonly #observe: Observe;
  readonly #contentBytes: number;
  #collectedBytes = 0;
  #digestedBytes = 0;

  constructor(observe: Observe, { content, bootImage }: MediaSelection) {
    this.#observe = observe;
    this.#contentBytes = [...content, ...(bootImage === undefined ? [] : [bootImage])].reduce(
      (sum, { totalBytes }) => sum + totalBytes,
      0,
    );
    observe({ kind: 'started', stage: 'media', totalBytes: this.#totalBytes });
  }

  collected(bytes: number): void {
    this.#collectedBytes = Math.min(this.#collectedBytes + bytes, this.#contentBytes);
    this.#tell('collect', this.#collectedBytes);
  }

  captured(doneBytes: number, totalBytes: number): void {
    this.#tell('capture', this.#contentBytes * (1 + doneBytes / Math.max(1, totalBytes)));
  }

  digested(bytes: number, totalBytes: number): void {
    this.#digestedBytes = Math.min(this.#digestedBytes + bytes, totalBytes);
    const share = DIGEST_SHARE * (this.#digestedBytes / Math.max(1, totalBytes));
    this.#tell('digest', this.#contentBytes * (2 + share));
  }

  get #totalBytes(): number {
    return Math.floor((2 + DIGEST_SHARE) * this.#contentBytes);
  }

  #tell(subject: string, doneBytes: number): void {
    this.#observe({
      kind: 'advanced',
      stage: 'media',
      subject,
      doneBytes: Math.min(Math.floor(doneBytes), this.#totalBytes),
      totalBytes: this.#totalBytes,
    });
  }
}
