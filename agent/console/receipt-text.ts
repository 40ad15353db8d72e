// A judged receipt in one sentence, the same on screen, in the log and in the report.
import type { JudgedReceipt } from '../media/judge-receipt.ts';
import { sizeText } from './size-text.ts';

/** @returns without a full stop: `depot key 1234..., 2026-03-01T12:00:00Z, 512 files`. */
export function receiptText(judged: JudgedReceipt): string {
  switch (judged.outcome) {
    case 'none':
      return 'none';
    case 'not-believed':
      return `not believed: ${judged.why}`;
    case 'vouched': {
      const { keyId, time, files, bytes, serialNumber } = judged;
      const whose = serialNumber === undefined ? '' : `, serial number ${serialNumber}`;
      return `depot key ${keyId}, ${time}, ${files} file${files === 1 ? '' : 's'}, ${sizeText(bytes)}${whose}`;
    }
  }
}
