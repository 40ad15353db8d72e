// One line of a log that CMTrace reads. Format: a real smsts.log line in Microsoft's "Prepare Windows PE peer cache" page.

/** Severity as CMTrace colours it. */
export type CmTraceType = 1 | 2 | 3;

export interface CmTraceEntry {
  readonly text: string;
  readonly component: string;
  readonly type: CmTraceType;
  readonly at: Date;
  readonly thread: number;
}

/** @returns the line with its CRLF. `time` carries the bias in minutes (local time + bias = UTC), as Windows counts it. */
export function cmTraceLine({ text, component, type, at, thread }: CmTraceEntry): string {
  const bias = at.getTimezoneOffset();
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}${bias < 0 ? '-' : '+'}${Math.abs(bias)}`;
  const date = `${two(at.getMonth() + 1)}-${two(at.getDate())}-${at.getFullYear()}`;
  // The end mark inside a message would end the entry early.
  const safe = text.replaceAll(']LOG]!>', ']LOG] !>');
  return `<![LOG[${safe}]LOG]!><time="${time}" date="${date}" component="${component}" context="" type="${type}" thread="${thread}" file="">\r\n`;
}
