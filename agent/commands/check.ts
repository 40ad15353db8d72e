// prestage check: proves the media and what lies on it, and changes nothing.
import type { Command } from 'commander';
import { receiptText } from '../console/receipt-text.ts';
import { sizeText } from '../console/size-text.ts';
import { tableLines } from '../console/table.ts';
import { Fault } from '../fault/fault.ts';
import type { ItemSurvey } from '../survey/survey-content.ts';
import type { Composition } from './composition.ts';
import { missingReceipt } from './deployment/receipt.ts';
import { type MachineOptions, type RunContext, withRunContext } from './deployment/run-context.ts';
import { surveyCached } from './deployment/survey-cache.ts';
import { addMachineOptions } from './options.ts';

export interface CheckOptions extends MachineOptions {
  readonly json?: boolean;
}

/** Registers the command. */
export function addCheck(
  program: Command,
  compose: () => Promise<Composition>,
  exit: (code: number) => void,
): void {
  const command = program
    .command('check')
    .summary('prove the prestaged media, the OS image and the cache on this computer; change nothing')
    .description(
      'Verifies the signed media manifest, every chunk of the staged OS image and every file of the task-sequence cache, and names each bad range. Nothing is fetched or written.',
    );
  addMachineOptions(command).addHelpText(
    'after',
    '\nExit code 0: all present. 30: something is damaged or missing;\n`prestage deploy` fetches only that.\n\nExamples:\n  prestage check\n  prestage check --disk out/disk --config agent.yaml --json',
  );
  command.action(async (options: CheckOptions) => exit(await check(options, await compose())));
}

/** @returns 0 when every item is present. @throws TRUST-16 for a receipt that is required, CONTENT-06 naming the first bad file, after everything was printed. */
export async function check(options: CheckOptions, composition: Composition): Promise<number> {
  return await withRunContext(
    composition,
    options,
    { access: 'look', judgeDates: true, receipt: 'judged' },
    async context => {
      const surveys = await surveyAll(context);
      composition.endProgress();
      if (options.json === true)
        composition.print(JSON.stringify(checkResult(context, surveys), undefined, 2));
      else composition.print(checkLines(context, surveys).join('\n'));
      const unvouched = missingReceipt(context, context.receipt);
      if (unvouched !== undefined) throw unvouched;
      const bad = surveys.find(survey => survey.outcome !== 'present');
      if (bad === undefined) return 0;
      const file = bad.files.find(candidate => candidate.state !== 'present');
      throw new Fault('CONTENT-06', `${bad.id} ${file?.path ?? ''}`.trim(), {
        outcome: bad.outcome,
        items: surveys.filter(survey => survey.outcome !== 'present').length,
      });
    },
  );
}

async function surveyAll(context: RunContext): Promise<ItemSurvey[]> {
  const surveys: ItemSurvey[] = [];
  // The boot image lies on the ESP, not in the cache; `media verify` proves that volume too.
  for (const reference of context.manifest.content.filter(({ type }) => type !== 'boot-image')) {
    const stage = reference.type === 'os-image' ? 'validate-image' : 'survey';
    surveys.push(await context.stage(stage, () => surveyCached(context, reference)));
  }
  return surveys;
}

function checkResult({ manifest, key, receipt }: RunContext, surveys: readonly ItemSurvey[]) {
  const { mediaId, name, site, createdBy, created, validFrom, validUntil } = manifest;
  return {
    format: 'prestage-check/1',
    media: { mediaId, name, site, createdBy, created, validFrom, validUntil, keyId: key.id },
    receipt,
    sound: surveys.every(survey => survey.outcome === 'present'),
    items: surveys.map(survey => ({
      ...survey,
      files: survey.files.filter(file => file.state !== 'present'),
    })),
  };
}

function checkLines({ receipt }: RunContext, surveys: readonly ItemSurvey[]): string[] {
  const rows = surveys.map(({ id, version, outcome, totalBytes, presentBytes }) => [
    id,
    version,
    outcome,
    sizeText(totalBytes),
    sizeText(presentBytes),
  ]);
  const bad = surveys.flatMap(survey =>
    survey.files
      .filter(file => file.state !== 'present')
      .flatMap(file => [
        `${survey.id} ${file.path}: ${file.state}`,
        ...file.badRanges.map(
          range =>
            `  at offset ${range.offset}, ${range.length} bytes: expected ${range.expected}, found ${range.found || 'no bytes'}`,
        ),
      ]),
  );
  return [
    ...tableLines(
      [
        { title: 'Content' },
        { title: 'Version' },
        { title: 'Outcome' },
        { title: 'Size', right: true },
        { title: 'Present', right: true },
      ],
      rows,
    ),
    ...(receipt === undefined ? [] : ['', `Receipt: ${receiptText(receipt)}.`]),
    ...(bad.length === 0 ? ['', 'Everything that the media manifest names is present.'] : ['', ...bad]),
  ];
}
