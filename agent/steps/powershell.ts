// How PowerShell is given a script file: nothing of the machine decides but the script.

/**
 * To be followed by the file in quotes. No profile, no question, and no policy of the machine against scripts: these are vouched for by their
 * digest. -File hands the script's exit code on. The full path, because a name would be looked for in the item's folder first; the variable is expanded by `Machine.run`.
 */
export const POWERSHELL_FILE =
  '%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File';

/** Without its mark Windows PowerShell reads a script in the system's code page. */
export const BYTE_ORDER_MARK = '\uFEFF';
