// How far a piece of work is, in one line: everything where there is room, what matters least left out where there is not.
import stringWidth from 'string-width';
import type { ProgressEvent } from '../progress/event.ts';
import type { Reading } from '../progress/meter.ts';
import { STAGE_TEXT } from './event-text.ts';
import { durationText, sizeText } from './size-text.ts';

export type Advanced = Extract<ProgressEvent, { kind: 'advanced' }>;

/** The bytes that a person waits for: of a transfer those of the whole run, also over several attempts. */
export function bytesToShow(event: Advanced): { readonly doneBytes: number; readonly totalBytes: number } {
  return event.run ?? event;
}

/** @param reading of `bytesToShow`. @param clean makes the text fit to be shown. @param columns what it must fit in; a narrower one is cut. */
export function progressLine(
  event: Advanced,
  reading: Reading,
  clean: (text: string) => string,
  columns = Number.POSITIVE_INFINITY,
): string {
  const { stage, subject, source, run } = event;
  const { doneBytes, totalBytes } = bytesToShow(event);
  const { percent } = reading;
  const { bytesPerSecond, remainingSeconds } = run ?? reading;
  const place = run === undefined || run.item.of === 1 ? '' : ` (${run.item.number} of ${run.item.of})`;
  const work = `${STAGE_TEXT[stage]}${subject === undefined ? '' : ` ${subject}`}${place}: ${percent} %`;
  const bytes = amountText(doneBytes, totalBytes);
  const rate = bytesPerSecond > 0 ? [`${sizeText(bytesPerSecond)}/s`] : [];
  const left =
    remainingSeconds === undefined || percent === 100 ? [] : [`${remainingText(remainingSeconds)} left`];
  const forms = [
    [work, bytes, ...rate, ...left, ...(source === undefined ? [] : [`from ${source}`])],
    [work, bytes, ...rate, ...left, ...(source === undefined ? [] : [`from ${hostOf(source)}`])],
    [work, bytes, ...rate, ...left],
    [work, ...rate, ...left],
    [work, ...left],
    [work],
  ].map(parts => clean(parts.join(', ')));
  return forms.find(text => stringWidth(text) <= columns) ?? cut(forms.at(-1) ?? '', columns);
}

/** `1.2 of 2.8 GB`: a unit that both have is told once. */
function amountText(doneBytes: number, totalBytes: number): string {
  const [done, total] = [sizeText(doneBytes), sizeText(totalBytes)];
  const unit = total.slice(total.indexOf(' '));
  return `${done.endsWith(unit) ? done.slice(0, -unit.length) : done} of ${total}`;
}

/** Coarse, so that it stands still long enough to be read: seconds below two minutes, then minutes, then hours as well. */
function remainingText(seconds: number): string {
  if (seconds < 20) return `${seconds} s`;
  if (seconds < 120) return `${Math.ceil(seconds / 5) * 5} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : durationText(minutes * 60);
}

function hostOf(source: string): string {
  return URL.canParse(source) && new URL(source).host !== '' ? new URL(source).host : source;
}

function cut(text: string, columns: number): string {
  let shown = text;
  while (stringWidth(shown) > columns) shown = shown.slice(0, -1);
  return shown;
}
