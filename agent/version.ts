// The version that every report, log and request names.
export const VERSION = '0.1.0';
