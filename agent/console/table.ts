// A plain table that fits its columns to the width of the text in them, wide characters included.
import stringWidth from 'string-width';

export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

/** @returns lines: titles, a rule, the rows. Cells are text; a row shorter than the columns is padded. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, at) =>
    Math.max(stringWidth(column.title), ...rows.map(row => stringWidth(row[at] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, at) => pad(cells[at] ?? '', widths[at] ?? 0, column.right === true))
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(column => column.title)),
    widths.map(width => '-'.repeat(width)).join('  '),
    ...rows.map(line),
  ];
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return right ? space + text : text + space;
}
