// Takes a Windows command line apart as CreateProcess does: the first token is the program, all behind it is the program's own affair. Pure.

export interface CommandLine {
  readonly program: string;
  /** As authored, quotes included; '' when there is nothing. */
  readonly rest: string;
}

/** @returns undefined when there is no program, or its quote is not closed. */
export function splitCommandLine(command: string): CommandLine | undefined {
  const text = command.trim();
  const match = /^"([^"]+)"(?:\s+|$)(.*)$/s.exec(text) ?? /^([^\s"]+)(?:\s+|$)(.*)$/s.exec(text);
  return match ? { program: match[1]!, rest: match[2]! } : undefined;
}

/** cmd.exe runs scripts; nothing else is passed to a shell. */
export function isScript(program: string): boolean {
  return /\.(cmd|bat)$/i.test(program);
}

/** Replaces `%NAME%` by variables of the environment, whose names have no case; unknown ones stay as they are. */
export function expandVariables(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return text.replaceAll(/%([^%]+)%/g, (whole, name: string) => {
    const key = Object.keys(environment).find(each => each.toLowerCase() === name.toLowerCase());
    return (key === undefined ? undefined : environment[key]) ?? whole;
  });
}
