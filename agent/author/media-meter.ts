// How far making a media is: one percentage over both of its passes.
import type { Observe } from '../progress/event.ts';
import type { MediaSelection } from './select-content.ts';

/** Collecting and capturing each pass over the content once; both together are the whole. */
export class MediaMeter {
  readonly #observe: Observe;
  readonly #contentBytes: number;
  #collectedBytes = 0;

  constructor(observe: Observe, { content, bootImage }: MediaSelection) {
    this.#observe = observe;
    this.#contentBytes = [...content, ...(bootImage === undefined ? [] : [bootImage])].reduce(
      (sum, { totalBytes }) => sum + totalBytes,
      0,
    );
    observe({ kind: 'started', stage: 'media', totalBytes: 2 * this.#contentBytes });
  }

  collected(bytes: number): void {
    this.#collectedBytes = Math.min(this.#collectedBytes + bytes, this.#contentBytes);
    this.#tell('collect', this.#collectedBytes);
  }

  captured(doneBytes: number, totalBytes: number): void {
    this.#tell('capture', this.#contentBytes * (1 + doneBytes / Math.max(1, totalBytes)));
  }

  #tell(subject: string, doneBytes: number): void {
    this.#observe({
      kind: 'advanced',
      stage: 'media',
      subject,
      doneBytes: Math.floor(doneBytes),
      totalBytes: 2 * this.#contentBytes,
    });
  }
}
