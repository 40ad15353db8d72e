// How many bytes a publish has read of those that it has to, for the observer.
import type { Observe } from '../progress/event.ts';

export class PublishMeter {
  readonly #observe: Observe;
  #subject = '';
  #done = 0;
  #total = 0;

  constructor(observe: Observe) {
    this.#observe = observe;
  }

  start(totalBytes: number): void {
    this.#total = totalBytes;
    this.#observe({ kind: 'started', stage: 'publish', totalBytes });
  }

  /** `bytes` more were read of the item `subject`. */
  advance(bytes: number, subject: string): void {
    this.#subject = subject;
    // Mending reads some files twice; the percentage must not run past its end.
    this.#tell(Math.min(this.#done + bytes, this.#total));
  }

  /** What was not read after all (a distribution point that had nothing to compare) is done as well. */
  end(): void {
    if (this.#done < this.#total) this.#tell(this.#total);
  }

  #tell(doneBytes: number): void {
    this.#done = doneBytes;
    this.#observe({
      kind: 'advanced',
      stage: 'publish',
      subject: this.#subject,
      doneBytes,
      totalBytes: this.#total,
    });
  }
}
