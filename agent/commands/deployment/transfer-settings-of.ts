// From what agent.yaml says of transfers to the settings that they go by.
import { allDay, type BandwidthWindow, connectionsWithin, minuteOf } from '../../distribution/bandwidth.ts';
import { openBandwidthAccount } from '../../distribution/bandwidth-throttle.ts';
import { defaultTransferSettings, type TransferSettings } from '../../distribution/transfer-settings.ts';
import { byteRateOf } from '../../document/byte-rate.ts';
import type { TransferConfig } from '../../trust/transfer-config.ts';

/** Each call opens an account of its own: one for a run. */
export function transferSettingsOf(config: TransferConfig = {}): TransferSettings {
  const { retryDelaySeconds, stallTimeoutSeconds, bandwidth, deadlineMinutes } = config;
  const {
    retryCount = defaultTransferSettings.retryCount,
    connections = defaultTransferSettings.connections,
    leastBytesPerSecond = defaultTransferSettings.leastBytesPerSecond,
  } = config;
  const settings = {
    retryCount,
    connections,
    leastBytesPerSecond,
    retryDelayMs:
      retryDelaySeconds === undefined ? defaultTransferSettings.retryDelayMs : retryDelaySeconds * 1000,
    stallTimeoutMs:
      stallTimeoutSeconds === undefined ? defaultTransferSettings.stallTimeoutMs : stallTimeoutSeconds * 1000,
    ...(deadlineMinutes === undefined ? {} : { deadlineMinutes }),
  };
  return bandwidth === undefined ? settings : limitedBy(windowsOf(bandwidth), settings);
}

/** The same settings under these limits, on the account that they have; without windows there is no limit. */
export function limitedBy(windows: readonly BandwidthWindow[], settings: TransferSettings): TransferSettings {
  const account = settings.bandwidth?.account ?? openBandwidthAccount();
  return {
    ...settings,
    connections: connectionsWithin(windows, settings.connections),
    bandwidth: windows.length === 0 ? undefined : { windows, account },
  };
}

function windowsOf(bandwidth: NonNullable<TransferConfig['bandwidth']>): readonly BandwidthWindow[] {
  if (typeof bandwidth === 'string') return allDay(bytesOf(bandwidth));
  return bandwidth.map(({ from, to, limit }) => ({
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
    bytesPerSecond: bytesOf(limit),
  }));
}

function bytesOf(rate: string): number {
  return byteRateOf(rate) ?? Number.POSITIVE_INFINITY; // the schema has seen to it
}
