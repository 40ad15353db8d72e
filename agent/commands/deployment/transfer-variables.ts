// SMSTSDownloadRetryCount and SMSTSDownloadRetryDelay (seconds), as in Configuration Manager, and SMSTSDownloadBandwidth, for which it has nothing (its
// throttling of BITS does not hold in Windows PE): they override what agent.yaml says.
import { allDay } from '../../distribution/bandwidth.ts';
import type { TransferSettings } from '../../distribution/transfer-settings.ts';
import { byteRateOf } from '../../document/byte-rate.ts';
import type { Variables } from '../../policy/variables.ts';
import { limitedBy } from './transfer-settings-of.ts';

const COUNT_MAX = 100;
const DELAY_MAX_SECONDS = 3600;

/** What is no number in its bounds, and no rate, is as good as not set. Source: Microsoft, "Task sequence variables". */
export function transferSettingsBy(variables: Variables, settings: TransferSettings): TransferSettings {
  const retryCount = numberOf(variables.get('SMSTSDownloadRetryCount'), COUNT_MAX);
  const seconds = numberOf(variables.get('SMSTSDownloadRetryDelay'), DELAY_MAX_SECONDS);
  const patient = {
    ...settings,
    ...(retryCount === undefined ? {} : { retryCount }),
    ...(seconds === undefined ? {} : { retryDelayMs: seconds * 1000 }),
  };
  const bandwidth = variables.get('SMSTSDownloadBandwidth')?.trim() ?? '';
  if (/^none$/i.test(bandwidth)) return limitedBy([], patient);
  const rate = byteRateOf(bandwidth);
  return rate === undefined ? patient : limitedBy(allDay(rate), patient);
}

function numberOf(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text.trim())) return undefined;
  const number = Number(text);
  return number <= most ? number : undefined;
}
