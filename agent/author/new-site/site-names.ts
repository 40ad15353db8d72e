// The names in a new site: what its author chose, and the IDs that follow from the site code.
import { stringify } from 'yaml';

/** What the documents of a new site are made from. */
export interface NewSite {
  /** Site code. */
  readonly code: string;
  readonly name: string;
  /** Where machines will reach the distribution point, which serves policy too. */
  readonly url: string;
}

/** An ID as Configuration Manager writes it: site code and five hex digits. */
export function idOf({ code }: Pick<NewSite, 'code'>, digits: string): string {
  return `${code}${digits}`;
}

/** What an author who says nothing gets. The address leads nowhere, by RFC 2606. */
export const EXAMPLE: NewSite = { code: 'CON', name: 'Contoso', url: 'https://dp.contoso.example/prestage' };

/** Which ID is whose in a new site. */
export const DIGITS = {
  osImage: '00001',
  bootImage: '00002',
  package: '00010',
  application: '00011',
  taskSequence: '00020',
  deployment: '20001',
} as const;

/** Text as YAML has it on one line: quoted only where it would be read as something else (`007`, `1E5`). */
export function yamlText(text: string): string {
  // JSON is YAML, and has no form of more than one line.
  return /\s/.test(text) ? JSON.stringify(text) : stringify(text, { lineWidth: 0 }).trim();
}

/** First line of a document: where editors find its schema. `depth`: how many folders below the site's it lies. */
export function schemaLine(schema: string, depth: number): string {
  return `# yaml-language-server: $schema=${'../'.repeat(depth)}schemas/${schema}.json`;
}
