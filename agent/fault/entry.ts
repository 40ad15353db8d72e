// The shape of one catalogue entry.

/** One fault as a person at the machine reads it. Sentence case, no blame, whole sentences in all but the title. */
export interface CatalogueEntry {
  /** A few words, the first line of the last screen. */
  readonly title: string;
  /** What it means, in a sentence or two. */
  readonly meaning: string;
  /** What is safe: what has not been touched or lost. */
  readonly safe: string;
  /** What to do next. */
  readonly next: string;
}
