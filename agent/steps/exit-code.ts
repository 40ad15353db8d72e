// What the exit code of an installer asks for. Pure.

// MSI and setup codes: 0 and 1707 success, 3010 soft restart, 1641 the installer starts a restart itself, 1618 another installation is running.
// Source: Microsoft, "MsiExec.exe and InstMsi.exe error messages"; Configuration Manager's default return codes of a deployment type.
const SUCCESS: ReadonlySet<number> = new Set([0, 1707]);
const SOFT_RESTART = 3010;
const HARD_RESTART = 1641;
const BUSY = 1618;

/** What the author of a command says of its exit codes. */
export interface AuthoredCodes {
  readonly successCodes?: readonly number[] | undefined;
  readonly restartCodes?:
    | { readonly soft?: readonly number[] | undefined; readonly hard?: readonly number[] | undefined }
    | undefined;
}

export type ExitMeaning = 'success' | 'soft-restart' | 'hard-restart' | 'busy' | 'failed';

/** The author's codes come first, then the agreed ones; an agreed wish for a restart cannot be taken for plain success. */
export function meaningOf(exitCode: number, { successCodes, restartCodes }: AuthoredCodes = {}): ExitMeaning {
  const asked = exitCode >>> 0;
  const names = (codes: readonly number[] | undefined): boolean =>
    codes?.some(code => code >>> 0 === asked) ?? false;
  if (names(restartCodes?.hard) || asked === HARD_RESTART) return 'hard-restart';
  if (names(restartCodes?.soft) || asked === SOFT_RESTART) return 'soft-restart';
  if (names(successCodes) || SUCCESS.has(asked)) return 'success';
  return asked === BUSY ? 'busy' : 'failed';
}

/** Every code that is not a failure, for a message: `0, 1707, 3010, 1641`. */
export function goodCodes({ successCodes = [], restartCodes = {} }: AuthoredCodes): string {
  const { soft = [], hard = [] } = restartCodes;
  return [...new Set([...SUCCESS, SOFT_RESTART, HARD_RESTART, ...successCodes, ...soft, ...hard])].join(', ');
}
