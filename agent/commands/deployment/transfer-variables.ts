// SMSTSDownloadRetryCount and SMSTSDownloadRetryDelay (seconds), as in Configuration Manager: they override what agent.yaml says of retries.
import type { TransferSettings } from '../../distribution/transfer-settings.ts';
import type { Variables } from '../../policy/variables.ts';

const COUNT_MAX = 100;
const DELAY_MAX_SECONDS = 3600;

/** What is no number in its bounds is as good as not set. Source: Microsoft, "Task sequence variables". */
export function transferSettingsBy(variables: Variables, settings: TransferSettings): TransferSettings {
  const retryCount = numberOf(variables.get('SMSTSDownloadRetryCount'), COUNT_MAX);
  const seconds = numberOf(variables.get('SMSTSDownloadRetryDelay'), DELAY_MAX_SECONDS);
  return {
    ...settings,
    ...(retryCount === undefined ? {} : { retryCount }),
    ...(seconds === undefined ? {} : { retryDelayMs: seconds * 1000 }),
  };
}

function numberOf(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text.trim())) return undefined;
  const number = Number(text);
  return number <= most ? number : undefined;
}
