// The content table: every item with its outcome, its bytes and what will be fetched, before anything is changed.
import { type Plan, planBytes } from '../plan/plan.ts';
import type { Report } from '../report/report.ts';
import { sizeText } from './size-text.ts';
import { type Column, tableLines } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Content' },
  { title: 'Type' },
  { title: 'Name' },
  { title: 'Version' },
  { title: 'Outcome' },
  { title: 'Size', right: true },
  { title: 'Present', right: true },
  { title: 'Reusable', right: true },
  { title: 'To fetch', right: true },
];

/** The plan's content table with a line of sums. */
export function planLines(plan: Plan): string[] {
  const rows = plan.items.map(
    ({ reference, outcome, presentBytes, reusableBytes, fetchBytes, cachedVersion }) => [
      reference.id,
      reference.type,
      reference.name,
      cachedVersion === undefined || cachedVersion === reference.version
        ? reference.version
        : `${cachedVersion} -> ${reference.version}`,
      outcome,
      sizeText(reference.totalBytes),
      sizeText(presentBytes),
      sizeText(reusableBytes),
      sizeText(fetchBytes),
    ],
  );
  const { total, present, reusable, fetch } = planBytes(plan);
  return [
    ...tableLines(COLUMNS, rows),
    '',
    `${plan.items.length} items, ${sizeText(total)}: ${sizeText(present)} present, ${sizeText(reusable)} to reuse, ${sizeText(fetch)} to fetch.`,
  ];
}

/** The report's content table: what each item took. */
export function reportItemLines(report: Report): string[] {
  const columns = COLUMNS.map(column => ({
    ...column,
    title: { Reusable: 'Reused', 'To fetch': 'Fetched' }[column.title] ?? column.title,
  }));
  const rows = report.items.map(item => [
    item.id,
    item.type,
    item.name,
    item.cachedVersion === undefined ? item.version : `${item.cachedVersion} -> ${item.version}`,
    item.outcome,
    sizeText(item.totalBytes),
    sizeText(item.presentBytes),
    sizeText(item.reusedBytes),
    sizeText(item.fetchedBytes),
  ]);
  return tableLines(columns, rows);
}
